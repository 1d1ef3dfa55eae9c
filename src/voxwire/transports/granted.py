"""The settings that an ephemeral key carries, as a session takes them."""

from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.events.client import UpdateSession
from voxwire.events.session_config import SessionPatch
from voxwire.runtime import EphemeralGrant


def settings_event(settings: bytes, *, transcription: bool, dialect: Dialect) -> bytes:
    """The event by which a client would send these settings, JSON of an object. Settings of GA say their own type."""
    flat = dialect is not Dialect.GA and transcription
    name = b"transcription_session.update" if flat else b"session.update"
    return b'{"type":"%b","session":%b}' % (name, settings)


def read_settings(settings: bytes, *, transcription: bool, dialect: Dialect) -> SessionPatch:
    """What these settings change. Raises ClientError."""
    codec = WireCodec(Variant(dialect=dialect, transcription=transcription))
    event = codec.decode(settings_event(settings, transcription=transcription, dialect=dialect))
    assert isinstance(event, UpdateSession)
    return event.patch


def granted_patch(grant: EphemeralGrant) -> SessionPatch:
    """What the settings of a key change. Raises ClientError, if another version of the program made it."""
    settings = grant.settings.encode()
    return read_settings(settings, transcription=grant.transcription, dialect=Dialect(grant.dialect))
