"""What a Whisper worker is asked and what it answers. One stream is one reading."""

import msgspec


class Read(msgspec.Struct, frozen=True):
    """Say the words of this audio.

    `pcm` is PCM16 mono at 16 kHz, at most 28 s of it. `begun` are the tokens of its first words, which are certain.
    `language` is a code that the model has, None to find out. `hints` is text in which expected words occur. `whole`:
    nothing more comes, so that it is worth more care. `details`: say when each word was heard, and how likely each
    token is.
    """

    pcm: bytes
    begun: list[int] = []
    language: str | None = None
    hints: str = ""
    whole: bool = False
    details: bool = False


class TokenChance(msgspec.Struct, frozen=True, array_like=True):
    """A piece of text, whole characters of it, and the natural logarithm of how likely it is."""

    text: str
    logprob: float


class HeardWord(msgspec.Struct, frozen=True, array_like=True):
    """A word with the space before it, and its tokens; if they were asked for, its milliseconds in the audio, and how
    likely each piece of it is."""

    text: str
    tokens: list[int]
    start_ms: float = 0.0
    end_ms: float = 0.0
    chances: list[TokenChance] = []


class SpeechReading(msgspec.Struct, frozen=True):
    """All words of the audio, those that were begun with among them. None where nobody spoke."""

    words: list[HeardWord]
    language: str


class WhisperInfo(msgspec.Struct, frozen=True):
    """A model that is loaded: its languages, and the seconds that it takes to read a short utterance."""

    languages: list[str]
    reading_s: float
