"""A stored session as a person reads it: who said what, when, and where the time of each answer went."""

from typing import Final, Literal

import msgspec

from voxwire.events import server
from voxwire.events.items import FunctionCallItem, FunctionCallOutputItem, InputImage, Item, MessageItem, text_in
from voxwire.events.response import ResponseStatus
from voxwire.recording.journal_format import (
    HeardEvent,
    JournalHeader,
    ListenedEvent,
    ReadableEvent,
    SilencedEvent,
    SpokenEvent,
    Told,
)

SessionItemKind = Literal["message", "function_call", "function_call_output"]

#: Errors and items beyond these are counted and not kept: a session may hold thousands.
_MOST_ERRORS: Final = 200


class SpokenItem(msgspec.Struct, kw_only=True):
    """An item of the conversation. Times are in milliseconds since the session began.

    `heard_ms` is how much of an answer was heard, where it was cut off. A message that was deleted stays, and says so.
    """

    id: str
    kind: SessionItemKind
    role: str | None = None
    text: str = ""
    at_ms: int
    ended_ms: int | None = None
    response_id: str | None = None
    status: str = "in_progress"
    audio_ms: int = 0
    heard_ms: int | None = None
    deleted: bool = False
    name: str | None = None


class AnswerTimes(msgspec.Struct, kw_only=True):
    """An answer, and where its time went. Times are in milliseconds since the session began; None for what did not
    happen.

    `item_id` is the user's item before it. What is `speech_…` is of that item, as the server noticed it.
    """

    response_id: str
    item_id: str | None = None
    status: str = "in_progress"
    reason: str | None = None
    speech_started_ms: int | None = None
    speech_stopped_ms: int | None = None
    transcript_ms: int | None = None
    created_ms: int
    first_text_ms: int | None = None
    first_audio_ms: int | None = None
    done_ms: int | None = None
    draft_saved_ms: int | None = None


class SessionMistake(msgspec.Struct, kw_only=True):
    """An `error` that was sent."""

    at_ms: int
    code: str | None
    message: str


class ReadSession(msgspec.Struct, kw_only=True):
    """A whole session. `ended_ms` is when the last of it happened. `more_errors` are not listed."""

    items: list[SpokenItem]
    answers: list[AnswerTimes]
    errors: list[SessionMistake]
    more_errors: int
    ended_ms: int


class SessionReader:
    """Takes what clients were told, in order, and makes a conversation of it."""

    def __init__(self, header: JournalHeader) -> None:
        self._began = header.now
        self._items: dict[str, SpokenItem] = {}
        self._answers: dict[str, AnswerTimes] = {}
        self._errors: list[SessionMistake] = []
        self._more_errors = 0
        self._speech: dict[str, tuple[int | None, int | None]] = {}
        self._listened: dict[int, str] = {}
        self._heard: dict[str, tuple[str, int]] = {}
        self._last_user: str | None = None
        self._at = 0

    def take(self, told: Told) -> None:
        """The next event."""
        self._at = at = round((told.at - self._began) * 1000)
        match told.event:
            case server.SpeechStarted(item_id=id):
                self._speech[id] = at, None
            case server.SpeechStopped(item_id=id):
                self._speech[id] = self._speech.get(id, (None, None))[0], at
            case ListenedEvent():
                self._listened[told.event.transcription] = told.event.item_id
            case HeardEvent():
                if item_id := self._listened.get(told.event.transcription):
                    self._words(item_id, told.event.text, at)
            case server.TranscriptionCompleted(item_id=id, transcript=words):
                self._words(id, words, at)
            case server.ItemAdded(item=item) | server.ItemDone(item=item):
                self._item(item, at)
            case server.ItemDeleted(item_id=id):
                if id in self._items:
                    self._items[id].deleted = True
            case server.ItemTruncated(item_id=id, audio_end_ms=heard):
                if id in self._items:
                    self._items[id].heard_ms = heard
            case server.ErrorOccurred():
                if len(self._errors) < _MOST_ERRORS:
                    self._errors.append(SessionMistake(at_ms=at, code=told.event.code, message=told.event.message))
                else:
                    self._more_errors += 1
            case _:
                self._of_answer(told.event, at)

    @property
    def result(self) -> ReadSession:
        """What it is so far."""
        return ReadSession(
            items=list(self._items.values()),
            answers=list(self._answers.values()),
            errors=self._errors,
            more_errors=self._more_errors,
            ended_ms=self._at,
        )

    # --- items --------------------------------------------------------------------------------------

    def _item(self, item: Item, at: int, response_id: str | None = None) -> None:
        one = self._items.get(item.id)
        if one is None:
            one = self._items[item.id] = SpokenItem(id=item.id, kind=_kind(item), at_ms=at)
            started, stopped = self._speech.get(item.id, (None, None))
            one.at_ms = at if started is None else started
            one.ended_ms = stopped
        one.response_id = response_id or one.response_id
        one.status = item.status.value
        match item:
            case MessageItem():
                one.role = item.role.value
                one.text = _words_of(item) or one.text
                if one.role == "user":
                    self._last_user = item.id
            case FunctionCallItem():
                one.name, one.text = item.name, item.arguments
            case FunctionCallOutputItem():
                one.text = item.output
        if item.id in self._heard and not one.text:
            one.text = self._heard[item.id][0]

    def _words(self, item_id: str, words: str, at: int) -> None:
        """What was understood of an item, which may come later than they do. The first time counts: a client that asks
        for transcripts gets the words when they are known."""
        self._heard[item_id] = words, self._heard.get(item_id, ("", at))[1]
        if item_id in self._items:
            self._items[item_id].text = words
        for answer in self._answers.values():
            if answer.item_id == item_id and answer.transcript_ms is None:
                answer.transcript_ms = at

    # --- answers ------------------------------------------------------------------------------------

    def _of_answer(self, event: ReadableEvent, at: int) -> None:
        match event:
            case server.ResponseCreated(response=response):
                self._created(response.id, at)
            case server.ResponseDone(response=response):
                answer = self._created(response.id, at)
                answer.done_ms, answer.status = at, response.status.value
                if response.status is not ResponseStatus.COMPLETED and (details := response.status_details):
                    answer.reason = details.reason or details.code
            case server.OutputItemAdded(item=item, response_id=id) | server.OutputItemDone(item=item, response_id=id):
                self._item(item, at, id)
            case server.TextDelta(response_id=id) | server.TranscriptDelta(response_id=id):
                self._first_text(id, at)
            case server.FunctionArgumentsDelta(response_id=id):
                self._first_text(id, at)
            case SpokenEvent():
                answer = self._created(event.response_id, at)
                if answer.first_audio_ms is None:
                    answer.first_audio_ms = at
                if event.item_id in self._items:
                    spoken = self._items[event.item_id]
                    spoken.audio_ms += round(event.size * 500 / event.rate)
                    spoken.ended_ms = max(spoken.ended_ms or 0, answer.first_audio_ms + spoken.audio_ms)
            case SilencedEvent():
                self._silenced(event.response_id, at)
            case server.TurnTimings():
                self._created(event.response_id, at).draft_saved_ms = event.draft_saved_ms
            case _:
                pass

    def _created(self, id: str, at: int) -> AnswerTimes:
        answer = self._answers.get(id)
        if answer is None:
            answer = self._answers[id] = AnswerTimes(response_id=id, item_id=self._last_user, created_ms=at)
            if self._last_user is not None:
                started, stopped = self._speech.get(self._last_user, (None, None))
                answer.speech_started_ms, answer.speech_stopped_ms = started, stopped
                if self._last_user in self._heard:
                    answer.transcript_ms = self._heard[self._last_user][1]
        return answer

    def _first_text(self, id: str, at: int) -> None:
        answer = self._created(id, at)
        if answer.first_text_ms is None:
            answer.first_text_ms = at

    def _silenced(self, response_id: str, at: int) -> None:
        """Somebody spoke over it: what had been played by then was heard. A truncation says it better."""
        for item in self._items.values():
            if item.response_id == response_id and item.ended_ms is not None:
                item.ended_ms = min(item.ended_ms, at)


def _kind(item: Item) -> SessionItemKind:
    match item:
        case MessageItem():
            return "message"
        case FunctionCallItem():
            return "function_call"
        case FunctionCallOutputItem():
            return "function_call_output"


def _words_of(item: MessageItem) -> str:
    parts = ("[image]" if isinstance(part, InputImage) else text_in(part) for part in item.content)
    return "\n".join(filter(None, parts))
