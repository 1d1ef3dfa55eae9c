"""What a native recogniser and its workers say to each other. One stream is one utterance."""

import msgspec

from voxwire.engines.stt.audio_messages import Audio, EndOfAudio, Probe
from voxwire.engines.stt.native.recogniser import HeardSpeech, Hints


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The utterance begins. `rate` is that of its audio, Hz."""

    rate: int
    hints: Hints


class Partial(msgspec.Struct, frozen=True, tag="partial"):
    """Words so far; the first `stable` characters are final."""

    text: str
    stable: int


class Interim(msgspec.Struct, frozen=True, tag="interim"):
    """The answer to a probe."""

    text: str


class Result(msgspec.Struct, frozen=True, tag="result"):
    """The answer to the end of the audio."""

    reading: HeardSpeech


NativeRequest = Begin | Audio | Probe | EndOfAudio
NativeReply = Partial | Interim | Result
