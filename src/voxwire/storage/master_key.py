"""The master key: it encrypts the keys that encrypt what is stored, and nothing else.

It comes from `storage.secret_key`, or lies in a file beside the SQLite database. There may be several, the first of
which is used; the others still open what they have closed, until that has been closed anew.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from voxwire.config import StorageSettings
from voxwire.errors import StorageError
from voxwire.storage.store_address import StoreAddress

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, repr=False)
class Cipher:
    """AES-256-GCM with one key. What is sealed for one place cannot be opened at another.

    Nonces are random: one key is good for 2³² messages.
    """

    key: bytes

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt; `place` says where it is kept, such as table and primary key."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt. Raises StorageError for what was sealed with another key, at another place, or was changed."""
        try:
            return AESGCM(self.key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise StorageError(
                "corrupt", f"What is stored at {place} cannot be decrypted: its key was deleted, or it was changed."
            ) from None

    @property
    def id(self) -> str:
        """Tells keys apart, and says nothing about them."""
        return hashlib.sha256(b"voxwire master key\0" + self.key).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """All that are known, by id; the first is the current one."""

    ciphers: tuple[Cipher, ...]

    @property
    def current(self) -> Cipher:
        return self.ciphers[0]

    def of(self, id: str) -> Cipher:
        """The one of this id. Raises StorageError."""
        for cipher in self.ciphers:
            if cipher.id == id:
                return cipher
        raise StorageError(
            "refused",
            f"What is stored was encrypted with another master key ({id}). Put the old one into storage.secret_key, "
            "or its file back to where it was (docs/storage.md).",
        )


def key_file(address: StoreAddress) -> Path | None:
    """Where the master key lies if the settings have none."""
    return None if address.file is None else address.file.with_suffix(".key")


def master_keys(settings: StorageSettings, address: StoreAddress, *, make: bool) -> MasterKeys | None:
    """The keys that there are. Without one it is made where `make` says so, else None comes back. Reads and writes a
    file: call it in a thread. Raises StorageError."""
    if settings.secret_key is not None:
        return _decoded(settings.secret_key.get_secret_value().split(","), "storage.secret_key")
    file = key_file(address)
    if file is None:
        raise StorageError(
            "refused",
            "With PostgreSQL the master key has to be given, the same on all servers: set storage.secret_key "
            "(VOXWIRE_STORAGE__SECRET_KEY) to what `openssl rand -base64 32` prints, and keep it.",
        )
    try:
        if not file.exists():
            if not make:
                return None
            _put(file, [secrets.token_bytes(_KEY_BYTES)], replace=False)
        return _decoded(file.read_text("ascii").split(), str(file))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise StorageError("refused", f"The master key {file} cannot be used: {reason}.") from None


def put_master_keys(address: StoreAddress, ciphers: tuple[Cipher, ...]) -> None:
    """Have these in the file instead of what is there."""
    file = key_file(address)
    assert file is not None
    _put(file, [cipher.key for cipher in ciphers], replace=True)


def new_master_key() -> Cipher:
    """A new one, kept nowhere yet."""
    return Cipher(secrets.token_bytes(_KEY_BYTES))


def _put(file: Path, keys: list[bytes], *, replace: bool) -> None:
    """All of it or nothing; unless it shall `replace`, a file that is there wins."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            out.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
            out.flush()
            os.fsync(out.fileno())
        if replace:
            part.replace(file)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(part, file)
    finally:
        part.unlink(missing_ok=True)


def _decoded(keys: list[str], where: str) -> MasterKeys:
    ciphers = []
    for written in keys:
        try:
            key = base64.b64decode(written.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != _KEY_BYTES:
            raise StorageError("refused", f"{where} is no master key: that is 32 bytes in base64, 44 characters.")
        ciphers.append(Cipher(key))
    if not ciphers:
        raise StorageError("refused", f"{where} has no master key in it.")
    return MasterKeys(tuple(ciphers))
