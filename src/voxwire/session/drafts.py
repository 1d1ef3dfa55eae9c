"""Answers begun before the turn is certain (ADR 19).

A draft is what the language engine was asked, a generation number, and what has come of it so far. It is no
response: it has no identifier, no place in the conversation and no event. When the turn is certain and a real
response is about to ask for the same, that response takes over the number and what is there already. Else the
number is forgotten, and nothing was ever said; only the books count what it used.
"""

from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from voxwire.events.items import InputAudio, Item, MessageItem
from voxwire.events.response import TokenUsage
from voxwire.events.session_config import Modality
from voxwire.interfaces.commands import CancelGeneration, StartResponse, UsageCounted
from voxwire.interfaces.inputs import AnswerRefused, Failed, Filtered, GenerationResult, SpokenAudio
from voxwire.interfaces.llm import LlmDone, LlmText, LlmToolArguments
from voxwire.interfaces.token_estimate import spoken_tokens, text_tokens
from voxwire.session.state import State

#: What a result weighs beside its audio or text: about what Python needs for it.
_OVERHEAD: Final = 128


@dataclass(eq=False, slots=True)
class Draft:
    """`start` is what was asked for, of `usage` tokens; `asked` when its words were; `ready` when the first of the
    `results` was there that a client would hear or read. `size` is what they weigh; `done`: there will be no more."""

    start: StartResponse
    usage: TokenUsage
    asked: float
    ready: float | None = None
    results: list[GenerationResult] = field(default_factory=list)
    size: int = 0
    done: bool = False


class Drafts:
    """One draft at most, for the turn that may just have ended."""

    __slots__ = ("_draft", "_state", "asked", "wasted")

    def __init__(self, state: State) -> None:
        self._state = state
        self._draft: Draft | None = None
        self.asked = state.now
        """When the words were asked for that a draft may be made of."""
        self.wasted = 0
        """Drafts that were begun and dropped, until somebody takes note of them."""

    def begin(self, start: StartResponse, usage: TokenUsage) -> None:
        """Ask for an answer that may be needed; `start` names no response, and reads so many tokens."""
        self.drop()
        self._draft = Draft(start, usage, self.asked)
        self._state.emit(start)

    def keep(self, number: int, result: GenerationResult) -> None:
        """Something an engine made that no response has asked for: it waits here, if it is the draft's.

        A draft that fails, or that grows beyond its bound, is of no use: the response will ask anew.
        """
        draft = self._draft
        if draft is None or number != draft.start.generation or draft.done:
            return
        if isinstance(result, Failed | AnswerRefused) and not draft.results:
            self._draft = None  # nothing was made, so nothing was wasted
            return
        draft.results.append(result)
        draft.size += weight_of(result)
        draft.done = isinstance(result, LlmDone | Failed | Filtered)
        if draft.ready is None and (type(result) is SpokenAudio or draft.start.request.modality is not Modality.AUDIO):
            draft.ready = self._state.now
        if isinstance(result, Failed) or draft.size > self._state.limits.draft_bytes:
            self.drop()

    def take(self, start: StartResponse) -> Draft | None:
        """The turn is certain, and its response is about to ask for this: the draft, if it asked for the same.
        Otherwise it is dropped."""
        draft = self._draft
        if draft is None or draft.start != as_draft(start, draft.start):
            self.drop()
            return None
        self._draft = None
        return draft

    def drop(self) -> None:
        """The turn goes on, or will not be answered: all is forgotten, but for what it cost."""
        draft, self._draft = self._draft, None
        if draft is None:
            return
        self.wasted += 1
        if not draft.done:
            self._state.emit(CancelGeneration(generation=draft.start.generation))
        self._state.emit(UsageCounted(response_id=None, usage=_used(draft)))


def as_draft(start: StartResponse, draft: StartResponse) -> StartResponse:
    """What this draft of a response should have asked: the same, with the words of the last turn in the place of its
    audio."""
    items = start.request.items
    request = replace(start.request, items=(*items[:-1], *map(_words, items[-1:])))
    return replace(start, generation=draft.generation, response_id=None, request=request, tokens=draft.tokens)


def _words(item: Item) -> Item:
    if not isinstance(item, MessageItem):
        return item
    spoken = [replace(p, clip=None, duration_ms=0.0) if isinstance(p, InputAudio) else p for p in item.content]
    return replace(item, content=tuple(spoken))


def _used(draft: Draft) -> TokenUsage:
    """What the engines were asked for, and made of it."""
    texts, pcm, usage = [], 0, draft.usage
    for result in draft.results:
        match result:
            case LlmText(text=text) | LlmToolArguments(delta=text):
                texts.append(text)
            case SpokenAudio():
                pcm += len(result.pcm)
            case LlmDone(usage=TokenUsage() as counted):
                usage = counted
            case _:
                pass
    spoken = spoken_tokens(pcm / 2 / draft.start.output_format.rate * 1000)
    return replace(
        usage,
        output_text=usage.output_text or text_tokens("".join(texts)),
        output_audio=usage.output_audio or spoken,
    )


def weight_of(result: GenerationResult) -> int:
    match result:
        case SpokenAudio():
            return _OVERHEAD + len(result.pcm)
        case LlmText():
            return _OVERHEAD + len(result.text)
        case LlmToolArguments():
            return _OVERHEAD + len(result.delta)
    return _OVERHEAD
