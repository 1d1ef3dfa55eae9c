"""The message item of a response: its one content part, its text, its audio, its ledger.

Order on the wire (PROTOCOL 5.3): part added, deltas, audio done, transcript done, part done. Text
runs ahead of its audio. Only under a token limit it waits for its audio, so that the cut falls at a
word and the transcript says no more than was spoken (SEMANTICS 3).
"""

from typing import Final, TypedDict

from voxwire.audio.pcm import AudioFormat
from voxwire.events.items import ItemStatus, MessageItem, OutputAudio, OutputText, PcmClip, Role
from voxwire.events.server import (
    AudioDelta,
    AudioDone,
    ContentPartAdded,
    ContentPartDone,
    ServerEvent,
    TextDelta,
    TextDone,
    TranscriptDelta,
    TranscriptDone,
)
from voxwire.events.session_config import Modality
from voxwire.interfaces.engine import Word
from voxwire.session.ledger import Ledger
from voxwire.session.token_counts import spoken_tokens, text_tokens

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
    """Text or speech being said."""

    def __init__(
        self, *, response_id: str, item_id: str, output_index: int, modality: Modality, format: AudioFormat
    ) -> None:
        self.item_id = item_id
        self._where = _Where(response_id=response_id, item_id=item_id, output_index=output_index, content_index=0)
        self.modality = modality
        self.format = format
        self.ledger = Ledger(format.rate)
        self._text = ""
        self._shown = 0
        self._pcm: list[bytes] = []

    @property
    def transcript(self) -> str:
        """What the client was shown."""
        return self._text[: self._shown]

    def open(self, events: list[ServerEvent]) -> None:
        part = OutputText(text="") if self.modality is Modality.TEXT else OutputAudio(transcript="")
        events.append(
            ContentPartAdded(
                **self._where,
                part=part,
            )
        )

    def write(self, text: str, budget: int | None, events: list[ServerEvent]) -> bool:
        """Take more text; True when `budget` tokens are used up, or all that a message may ever say.

        None is no budget.
        """
        if len(self._text) + len(text) > MOST_TEXT_CHARS:
            return True
        self._text += text
        if budget is None:
            self._show(len(self._text), events)
            return False
        if self.modality is Modality.AUDIO:
            return False
        if text_tokens(self._text) <= budget:
            self._show(len(self._text), events)
            return False
        self._show(_words_within(self._text, budget), events)
        return True

    def voice(
        self, pcm: bytes, chars_to: int, words: tuple[Word, ...], budget: int | None, events: list[ServerEvent]
    ) -> bool:
        """Take more speech; True when `budget` tokens are used up, or all that a message may ever say.

        None is no budget.
        """
        if self.ledger.size + len(pcm) > MOST_AUDIO_BYTES:
            return True
        chars_to = min(chars_to, len(self._text))
        if budget is None:
            self._speak(pcm, chars_to, words, events)
            return False
        start_ms = self.ledger.duration_ms
        end_ms = start_ms + len(pcm) * 500 / self.format.rate
        if self._cost(chars_to, end_ms) <= budget:
            self._show(max(chars_to, self._shown), events)
            self._speak(pcm, chars_to, words, events)
            return False
        fitting = [word for word in words if self._cost(word.end, word.end_ms) <= budget]
        if fitting:
            last = fitting[-1]
            size = min(len(pcm), int((last.end_ms - start_ms) * self.format.rate / 500) // 2 * 2)
            if size > 0:
                self._show(max(last.end, self._shown), events)
                self._speak(pcm[:size], last.end, tuple(fitting), events)
        return True

    def close(self, status: ItemStatus, events: list[ServerEvent]) -> MessageItem:
        """End the streams and the part; the item as it ended, audio included."""
        if status is ItemStatus.COMPLETED:
            self._show(len(self._text), events)
        part: OutputText | OutputAudio
        if self.modality is Modality.TEXT:
            events.append(TextDone(**self._where, text=self.transcript))
            part = OutputText(text=self.transcript)
        else:
            events.append(AudioDone(**self._where))
            events.append(TranscriptDone(**self._where, transcript=self.transcript))
            clip = PcmClip(data=b"".join(self._pcm), rate=self.format.rate) if self._pcm else None
            part = OutputAudio(transcript=self.transcript, clip=clip)
        events.append(ContentPartDone(**self._where, part=part))
        return MessageItem(id=self.item_id, role=Role.ASSISTANT, content=(part,), status=status)

    def _cost(self, chars: int, ms: float) -> int:
        return text_tokens(self._text[: max(chars, self._shown)]) + spoken_tokens(ms)

    def _show(self, chars: int, events: list[ServerEvent]) -> None:
        delta = self._text[self._shown : chars]
        if not delta:
            return
        self._shown = chars
        event = TextDelta if self.modality is Modality.TEXT else TranscriptDelta
        events.append(
            event(
                **self._where,
                delta=delta,
            )
        )

    def _speak(self, pcm: bytes, chars_to: int, words: tuple[Word, ...], events: list[ServerEvent]) -> None:
        if not pcm:
            return
        self._pcm.append(pcm)
        self.ledger.add(len(pcm), chars_to, words)
        events.append(
            AudioDelta(
                **self._where,
                pcm=pcm,
                format=self.format,
            )
        )


def _words_within(text: str, budget: int) -> int:
    """Length of the longest start of `text` that ends at a word and costs at most `budget` tokens."""
    end = len(text)
    while end > 0 and text_tokens(text[:end]) > budget:
        end = text.rfind(" ", 0, end)
    return max(end, 0)
