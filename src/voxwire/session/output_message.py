"""The message item of a response: its one content part, its text, its audio, its ledger.

Order on the wire (protocol: responses, Order of events): part added, deltas, audio done, transcript done, part done.
Text runs ahead of its audio. Only under a token limit it waits for its audio, so that the cut falls at a
word and the transcript says no more than was spoken (protocol: responses, Tokens).
"""

from collections.abc import Callable
from typing import Final, TypedDict

from voxwire.audio.pcm import AudioFormat
from voxwire.events import server
from voxwire.events.items import ItemStatus, MessageItem, OutputAudio, OutputText, PcmClip, Role
from voxwire.events.server import ServerEvent
from voxwire.events.session_config import Modality
from voxwire.interfaces.engine import Word
from voxwire.interfaces.inputs import SpokenAudio
from voxwire.interfaces.token_estimate import spoken_tokens, text_tokens
from voxwire.session.ledger import Ledger

#: Speech of one message, as PCM16 at its format's rate: what a session retains at most, so none is kept for
#: nothing. 11 minutes at 24 kHz; the official services' "inf" is 4,096 tokens, 3 minutes and a half.
MOST_AUDIO_BYTES: Final = 32 * 1024 * 1024
#: Text of one message, as of an item that a client makes: beyond any context window.
MOST_TEXT_CHARS: Final = 1024 * 1024


class _Where(TypedDict):
    """What every event of the part carries."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int


class OutputMessage:
    """Text or speech being said. Its events leave by `emit`.

    `write` and `voice` are True when `budget` tokens are used up, or all that a message may ever say;
    None is no budget.
    """

    def __init__(
        self,
        *,
        response_id: str,
        item_id: str,
        output_index: int,
        modality: Modality,
        format: AudioFormat,
        emit: Callable[[ServerEvent], None],
    ) -> None:
        self.item_id = item_id
        self._where = _Where(response_id=response_id, item_id=item_id, output_index=output_index, content_index=0)
        self.modality = modality
        self.format = format
        self.ledger = Ledger(format.rate)
        self._emit = emit
        self._text = ""
        self._shown = 0
        self._pcm: list[bytes] = []

    @property
    def transcript(self) -> str:
        """What the client was shown."""
        return self._text[: self._shown]

    @property
    def text_tokens(self) -> int:
        return text_tokens(self.transcript)

    @property
    def spoken_ms(self) -> float:
        return self.ledger.duration_ms

    def open(self) -> None:
        part = OutputText(text="") if self.modality is Modality.TEXT else OutputAudio(transcript="")
        self._emit(server.ContentPartAdded(**self._where, part=part))

    def write(self, text: str, budget: int | None) -> bool:
        """Take more text."""
        if len(self._text) + len(text) > MOST_TEXT_CHARS:
            return True
        self._text += text
        if budget is not None and self.modality is Modality.AUDIO:
            return False
        full = budget is not None and text_tokens(self._text) > budget
        self._show(_words_within(self._text, budget) if full and budget is not None else len(self._text))
        return full

    def voice(self, speech: SpokenAudio, budget: int | None) -> bool:
        """Take more speech."""
        pcm, chars_to = speech.pcm, min(speech.chars_to, len(self._text))
        if self.ledger.size + len(pcm) > MOST_AUDIO_BYTES:
            return True
        if budget is None:
            self._speak(pcm, chars_to, speech.words)
            return False
        start_ms = self.ledger.duration_ms
        end_ms = start_ms + len(pcm) * 500 / self.format.rate
        if self._cost(chars_to, end_ms) <= budget:
            self._show(chars_to)
            self._speak(pcm, chars_to, speech.words)
            return False
        fitting = [word for word in speech.words if self._cost(word.end, word.end_ms) <= budget]
        if fitting:
            last = fitting[-1]
            size = min(len(pcm), int((last.end_ms - start_ms) * self.format.rate / 500) // 2 * 2)
            if size > 0:
                self._show(last.end)
                self._speak(pcm[:size], last.end, tuple(fitting))
        return True

    def close(self, status: ItemStatus) -> MessageItem:
        """End the streams and the part; the item as it ended, audio included."""
        if status is ItemStatus.COMPLETED:
            self._show(len(self._text))
        part: OutputText | OutputAudio
        if self.modality is Modality.TEXT:
            part = OutputText(text=self.transcript)
            self._emit(server.TextDone(**self._where, text=self.transcript))
        else:
            clip = PcmClip(data=b"".join(self._pcm), rate=self.format.rate) if self._pcm else None
            part = OutputAudio(transcript=self.transcript, clip=clip)
            self._emit(server.AudioDone(**self._where))
            self._emit(server.TranscriptDone(**self._where, transcript=self.transcript))
        self._emit(server.ContentPartDone(**self._where, part=part))
        return MessageItem(id=self.item_id, role=Role.ASSISTANT, content=(part,), status=status)

    def _cost(self, chars: int, ms: float) -> int:
        return text_tokens(self._text[: max(chars, self._shown)]) + spoken_tokens(ms)

    def _show(self, chars: int) -> None:
        """Show the text up to here; what was shown stays."""
        delta = self._text[self._shown : chars]
        if delta:
            self._shown = chars
            event = server.TextDelta if self.modality is Modality.TEXT else server.TranscriptDelta
            self._emit(event(**self._where, delta=delta))

    def _speak(self, pcm: bytes, chars_to: int, words: tuple[Word, ...]) -> None:
        if pcm:
            self._pcm.append(pcm)
            self.ledger.add(len(pcm), chars_to, words)
            self._emit(server.AudioDelta(**self._where, pcm=pcm, format=self.format))


def _words_within(text: str, budget: int) -> int:
    """Length of the longest start of `text` that ends at a word and costs at most `budget` tokens."""
    end = len(text)
    while end > 0 and text_tokens(text[:end]) > budget:
        end = text.rfind(" ", 0, end)
    return max(end, 0)
