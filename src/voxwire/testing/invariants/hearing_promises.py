"""What a session gives to recognisers."""

from functools import singledispatchmethod

from voxwire.interfaces.commands import (
    CancelTranscription,
    FeedTranscription,
    FinishTranscription,
    Output,
    ProbeTranscription,
    StartTranscription,
)
from voxwire.testing.invariants.promise import Promise


class HearingPromises:
    """Utterances from their beginning to their end."""

    def __init__(self, promise: Promise) -> None:
        self._require = promise.require
        self._transcriptions: dict[int, str] = {}

    @singledispatchmethod
    def see(self, output: Output) -> None:
        """What is none of its matters."""

    @see.register
    def _(self, command: StartTranscription) -> None:
        self._require(command.transcription not in self._transcriptions, command, "numbers are never reused")
        self._transcriptions[command.transcription] = "open"

    @see.register(ProbeTranscription)
    @see.register(FeedTranscription)
    def _(self, command: ProbeTranscription | FeedTranscription) -> None:
        self._require(self._transcriptions.get(command.transcription) == "open", command.transcription, "open to hear")
        empty = isinstance(command, FeedTranscription) and not command.audio
        self._require(not empty, command.transcription, "there is audio to hear")

    @see.register(FinishTranscription)
    @see.register(CancelTranscription)
    def _(self, command: FinishTranscription | CancelTranscription) -> None:
        self._require(self._transcriptions.get(command.transcription) == "open", command, "a recogniser ends once")
        self._transcriptions[command.transcription] = "ended"
