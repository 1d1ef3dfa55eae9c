"""An answer that several language engines write, one after the other: nothing is lost, and nothing said twice."""

from collections.abc import Iterator
from typing import Final
from unicodedata import east_asian_width

from msgspec.structs import replace

from voxwire.events.items import MessageItem, OutputText, Role
from voxwire.interfaces.llm import LlmAudio, LlmDone, LlmEvent, LlmRequest, LlmText, LlmToolArguments, LlmToolCall
from voxwire.runtime.engine_calls import broke_contract

#: Of what was said, so much is looked for in what comes: more than any engine repeats.
_REMEMBERED: Final = 2_000
#: A word that was cut off is known again by so many characters.
_WORTH_CUTTING: Final = 4
#: Arguments of one call; a session takes no more either.
_MOST_ARGUMENTS: Final = 1024 * 1024
_MARKS: Final = ".!?…,;:"
#: Said to an engine that takes over.
_GO_ON: Final = (
    "Your last message was cut off in the middle. Go on exactly where it stops, even inside a sentence. "
    "Do not begin again, and do not repeat what it says."
)


class Continuation:
    """What has left of an answer, and what the next engine has to be asked for.

    Text leaves as it comes. A tool call leaves when it is whole, so that none is ever left half.
    """

    def __init__(self, request: LlmRequest) -> None:
        self._asked = request
        self._text = ""
        self._overlap: Overlap | None = None
        self._call: LlmToolCall | None = None
        self._arguments: list[str] = []
        self._called = False
        self.voiced = False
        """Speech of the engine's own has left."""

    @property
    def request(self) -> LlmRequest:
        """The conversation, with what has been said of the answer as its last message."""
        asked = self._asked
        if not self._text.strip():
            return asked
        said = MessageItem(role=Role.ASSISTANT, content=(OutputText(text=self._text),))
        instructions = f"{asked.instructions}\n\n{_GO_ON}" if asked.instructions else _GO_ON
        return replace(asked, items=(*asked.items, said), instructions=instructions)

    def take(self, event: LlmEvent) -> Iterator[LlmEvent]:
        """What leaves now. Raises EngineError for what breaks the contract."""
        match event:
            case LlmToolArguments():
                if self._call is None:
                    raise broke_contract("llm", "gave arguments without a call")
                self._arguments.append(event.delta)
                if sum(map(len, self._arguments)) > _MOST_ARGUMENTS:
                    raise broke_contract("llm", "gave arguments without end")
            case LlmText():
                yield from self._whole_call()
                yield from self._say(event.text if self._overlap is None else self._overlap.feed(event.text))
            case LlmAudio():
                self.voiced = True
                yield event
            case LlmToolCall():
                yield from self._rest()
                self._call = event
            case LlmDone():
                yield from self._rest()
                yield event

    def interrupted(self) -> bool:
        """An engine failed. True where the answer ends here: with a call that has left, whose result brings the next
        answer anyway."""
        self._call, self._arguments = None, []
        self._overlap = Overlap(self._text) if self._text.strip() else None
        return self._called

    def _rest(self) -> Iterator[LlmEvent]:
        if self._overlap is not None:
            yield from self._say(self._overlap.flush())
        yield from self._whole_call()

    def _say(self, text: str) -> Iterator[LlmEvent]:
        if text:
            self._text += text
            yield LlmText(text=text)

    def _whole_call(self) -> Iterator[LlmEvent]:
        if self._call is not None:
            self._called = True
            yield self._call
            if self._arguments:
                yield LlmToolArguments(delta="".join(self._arguments))
            self._call, self._arguments = None, []


class Overlap:
    """Cuts off what the next engine repeats of what was said: all of it, or its last words."""

    def __init__(self, said: str) -> None:
        self._said = said
        flat = _flat(said[-_REMEMBERED:])
        starts = [at for at, c in enumerate(flat) if c != " " and (at == 0 or flat[at - 1] == " ")]
        self._endings = [flat[at:] for at in starts]
        """What was said, from each of its words on; the longest first."""
        self._held = ""
        self._decided = False

    def feed(self, text: str) -> str:
        """More text; what of it is new. It is held back as long as it may be a repetition."""
        if self._decided:
            return text
        self._held += text
        held = _flat(self._held)
        if not held or any(ending.startswith(held) for ending in self._endings):
            return ""
        return self.flush()

    def flush(self) -> str:
        """What is held back and is new after all; no more text comes, or it has parted from what was said."""
        if self._decided:
            return ""
        self._decided = True
        held = _flat(self._held)
        for ending in self._endings:
            if _repeats(held, ending):
                return _after(self._held, ending)
        if held and any(ending.startswith(held) for ending in self._endings):
            return ""  # it began again, and did not come so far
        return self._joined()

    def _joined(self) -> str:
        """With a space where two words meet: most are cut off between words, and models begin without one."""
        last, first = self._said[-1:], self._held[:1]
        meet = first.isalnum() and (last in _MARKS or (last.isalnum() and not (last.isdigit() and first.isdigit())))
        return f" {self._held}" if meet and not _is_wide(first) else self._held


def _is_wide(character: str) -> bool:
    """Of a script without spaces."""
    return east_asian_width(character) in "WF"


def _repeats(held: str, ending: str) -> bool:
    """Whether it begins with this ending of what was said. A short word that only begins alike does not."""
    if not held.startswith(ending):
        return False
    inside_a_word = ending[-1:].isalnum() and held[len(ending) : len(ending) + 1].isalnum()
    return len(ending) >= _WORTH_CUTTING or not inside_a_word


def _flat(text: str) -> str:
    """As it is compared: without case, and with one space for any white space; none at the beginning."""
    flat = " ".join(text.lower().split())
    return f"{flat} " if flat and text[-1:].isspace() else flat


def _after(text: str, repeated: str) -> str:
    """What follows in `text` behind the part that flattens to `repeated`."""
    wanted = repeated.rstrip()
    for at in range(max(0, len(wanted) - _WORTH_CUTTING), len(text) + 1):
        if _flat(text[:at]).rstrip() == wanted:
            rest = text[at:]
            return rest.lstrip() if repeated.endswith(" ") else rest
    return text
