"""What the parent hands to a worker at its start."""

import pickle
from dataclasses import dataclass, replace
from typing import Final

from voxwire.auth import IdentitySecrets
from voxwire.config import Settings

#: Makes the service and what its deployments were made by, of settings and of what makes ids: `package.module:name`.
BUILD: Final = "voxwire.server.workers.worker_program:build_parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStart:
    """`number` counts from 1. `host` and `port` are what the server listens on. `began` is when it started, in seconds
    since 1970; `identity` and `signing_root` are its secrets."""

    number: int
    settings: Settings
    host: str
    port: int
    began: int
    identity: IdentitySecrets
    signing_root: bytes
    build: str = BUILD

    def __repr__(self) -> str:
        return f"WorkerStart(number={self.number})"

    def packed(self) -> bytes:
        """For the process that starts with it. It goes through a socket that nobody else holds, and into no list of
        processes."""
        # The class by which settings are read is made for each file, and is nowhere to be found again.
        plain = Settings.model_construct(**{name: getattr(self.settings, name) for name in Settings.model_fields})
        return pickle.dumps(replace(self, settings=plain))

    @classmethod
    def unpacked(cls, packed: bytes) -> "WorkerStart":
        """Only for what the parent has said."""
        start: WorkerStart = pickle.loads(packed)
        return start
