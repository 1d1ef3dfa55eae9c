"""From a conversation to an answer.

Nothing is remembered between turns: what was asked back, and which function was called last, is
read from the items of the conversation, so that any history a client sends works the same way.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from voxwire.engines.llm.assistant.arguments import Arguments, merged
from voxwire.engines.llm.assistant.domain import Domain, politeness_removed
from voxwire.engines.llm.assistant.facts import fact_for
from voxwire.engines.llm.assistant.openings import opening_in, told_to_say
from voxwire.engines.llm.assistant.parameter_slots import ParameterKind
from voxwire.engines.llm.assistant.parameters import Parameter
from voxwire.engines.llm.assistant.results import say_result
from voxwire.engines.llm.assistant.skills.emergency import CANNOT_CALL, EMERGENCY, calls_for_help
from voxwire.engines.llm.assistant.skills.skill import SkillContext
from voxwire.engines.llm.assistant.skills.smalltalk import GREETING, GREETS
from voxwire.engines.llm.assistant.text import Wording, identifier_words, plain_words, read, sentence
from voxwire.engines.llm.assistant.tools import Reading, Tool
from voxwire.events.items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.session_config import NamedTool, ToolChoice

NOT_CAUGHT: Final = "Sorry, I did not catch that. Please say it again."
NO_EYES: Final = "I cannot see pictures. Please tell me in words."
CANNOT_TRANSLATE: Final = "This is no translation: I cannot translate."
STILL_HERE: Final = "I am here. What can I do for you?"
NO_MODEL: Final = "I am a rule-based demo without a language model"
_ATTACH_ONE: Final = (
    ". To attach one, start the server with the option --llm and the address of a model; "
    'the page "Attach a model" of the documentation says how.'
)
#: How far back a question of ours can still be open, in items.
_HORIZON: Final = 24
_HEARD_CHARACTERS: Final = 240
_ASKS_INSTRUCTIONS: Final = tuple(
    plain_words(text)
    for text in (
        "what are your instructions", "tell me your instructions", "read your instructions", "what is your prompt",
        "what is your system prompt", "what were you told", "read me your instructions", "repeat your instructions",
    )
)  # fmt: skip
_DROPS_QUESTION: Final = frozenset(
    ("cancel", "stop", "never mind", "nevermind", "forget it", "no", "nothing", "no thanks")
)
_FOLLOW_UPS: Final = tuple(
    plain_words(text) for text in ("and what about", "and how about", "what about", "how about", "and", "or")
)


@dataclass(frozen=True)
class Say:
    """Speak this."""

    text: str


@dataclass(frozen=True)
class Call:
    """Call a function of the client."""

    name: str
    arguments: Arguments


@dataclass(frozen=True)
class _Ask:
    """A function lacks a value; the question is put to the user, `again` when the reply did not fit."""

    tool: Tool
    arguments: Arguments
    parameter: Parameter
    again: bool = False

    @property
    def text(self) -> str:
        return f"I did not understand. {self.parameter.question}" if self.again else self.parameter.question


Answer = tuple[Say | Call, ...]


def answer(domain: Domain, items: Sequence[Item], tool_choice: ToolChoice, now: datetime) -> Answer:
    """What to say or call next."""
    domain.effort.renew()
    if domain.instructions.verbatim is not None:
        return (Say(domain.instructions.verbatim),)
    last = next((item for item in reversed(items) if not _is_system(item)), None)
    if isinstance(last, FunctionCallOutputItem):
        return (Say(_say_outputs(items)),)
    forced = _forced(domain, items, tool_choice)
    if forced:
        return forced
    if last is None:
        return (Say(domain.instructions.greeting or GREETING),)
    if isinstance(last, FunctionCallItem):
        return (Say(f"I am waiting for the result of {_spoken_name(last.name)}."),)
    if last.role is not Role.USER:
        return (Say(_unsaid_greeting(domain, items) or STILL_HERE),)
    text = _text(last)
    if text is None:
        return (Say(NO_EYES if any(isinstance(part, InputImage) for part in last.content) else NOT_CAUGHT),)
    may_call = tool_choice != "none"
    context = SkillContext(now, _checksum(items), _last_said(items))
    return _answer_user(domain, items, text, may_call=may_call, context=context)


def _answer_user(domain: Domain, items: Sequence[Item], text: str, *, may_call: bool, context: SkillContext) -> Answer:
    if domain.instructions.translates:
        return (Say(f"{CANNOT_TRANSLATE}{_why(items)}"),)
    order = told_to_say(text) or (opening_in(text) if _is_first(items) else None)
    if order is not None:
        return (Say(order),)
    said = read(text)
    quote = _quoted(domain, said)
    if quote is not None:
        return (Say(quote),)
    if may_call:
        outcome = _function(domain, said, _open_question(domain, items[:-1]), _last_call(domain, items))
        if outcome is not None:
            return outcome if isinstance(outcome, tuple) else (Say(outcome.text),)
    for known in (True, False):
        found = domain.skill(said, known=known)
        if found is not None:
            skill, match = found
            greeting = domain.instructions.greeting if skill is GREETS else None
            return (Say(greeting or skill.answer(match, context)),)
    if calls_for_help(said):
        return (Say(CANNOT_CALL),)
    facts = (fact_for(domain.instructions.facts, core.words) for core in politeness_removed(said))
    return (Say(next(filter(None, facts), None) or _no_match(text, items)),)


def _unsaid_greeting(domain: Domain, items: Sequence[Item]) -> str | None:
    """The greeting that the instructions order, unless it was said before."""
    greeting = domain.instructions.greeting
    said = {_text(item) for item in items if isinstance(item, MessageItem) and item.role is Role.ASSISTANT}
    return None if greeting in said else greeting


def _is_first(items: Sequence[Item]) -> bool:
    """Whether the last item is the first of the conversation, system messages aside."""
    return all(_is_system(item) for item in items[:-1])


def _quoted(domain: Domain, said: Wording) -> str | None:
    """An answer that stands in the instructions."""
    for core in politeness_removed(said):
        if core.words in _ASKS_INSTRUCTIONS:
            text = domain.instructions.text
            return f"My instructions are: {sentence(text)}" if text else "I have no instructions."
        quote = domain.instructions.answer(core.words)
        if quote is not None:
            return quote
    return None


def _function(
    domain: Domain, said: Wording, question: _Ask | None, last_call: tuple[Tool, Arguments] | None
) -> Answer | _Ask | None:
    """What the functions make of an utterance: calls, a question back, a remark, or nothing."""
    reading = domain.tool(said, known=True)
    if reading is None and question is not None:
        return _answered(domain, said, question)
    if reading is None and last_call is not None:
        reading = _followed_up(said, *last_call)
    skill = domain.skill(said, known=True)
    if reading is None and (skill is None or skill[0] is EMERGENCY):
        reading = domain.tool(said, known=False)
        # A call for help ends no call because both speak of one.
        if reading is None and not calls_for_help(said) and domain.skill(said, known=False) is None:
            reading = domain.tool_loosely(said) or domain.tool_for_questions(said)
    return None if reading is None else _act(reading)


def _act(reading: Reading) -> Answer | _Ask:
    missing = reading.missing
    if missing is not None and missing.kind is not ParameterKind.OPAQUE:
        return _Ask(reading.tool, reading.arguments[0], missing)
    if missing is not None or not all(map(reading.tool.accepts, reading.arguments)):
        name = _spoken_name(reading.tool.name)
        return (Say(f"I understand that you mean {name}, but it needs values that I cannot take by voice."),)
    return tuple(Call(reading.tool.name, arguments) for arguments in reading.arguments)


def _answered(domain: Domain, said: Wording, question: _Ask) -> Answer | _Ask | None:
    """The reply to a question of ours: its value, a change of mind, or something else altogether."""
    if " ".join(said.words) in _DROPS_QUESTION:
        return (Say("All right."),)
    for core in reversed(politeness_removed(said)):
        values = question.tool.read_answer(core, question.parameter)
        if values and not (question.parameter.kind is ParameterKind.TEXT and domain.skill(said, known=True)):
            return _act(question.tool.with_values(merged(question.arguments, values)))
    if domain.skill(said, known=True) is not None:
        return None
    values = question.tool.find(said, question.parameter)
    if not values:
        other = domain.tool_loosely(said)
        return _act(other) if other is not None else replace(question, again=True)
    return _act(question.tool.with_values(merged(question.arguments, values)))


def _followed_up(said: Wording, tool: Tool, arguments: Arguments) -> Reading | None:
    """ "And in Rome?" after a call: the same function with that value."""
    for lead in _FOLLOW_UPS:
        if said.words[: len(lead)] == lead and len(said) > len(lead):
            values = tool.read_values(said.part(len(lead), len(said)))
            return tool.with_values(merged(arguments, values)) if values else None
    # A bare value repeats a question, but not a deed: "five" sets no second timer.
    values = {} if tool.words.verbs else tool.read_values(said)
    return tool.with_values(merged(arguments, values)) if values else None


def _forced(domain: Domain, items: Sequence[Item], tool_choice: ToolChoice) -> Answer:
    """The calls that `required` or a named function demands; none where there is nothing to call."""
    if tool_choice in ("auto", "none") or not domain.tools:
        return ()
    text = next(
        (_text(item) for item in reversed(items) if isinstance(item, MessageItem) and item.role is Role.USER), None
    )
    said = read(text or "")
    if isinstance(tool_choice, NamedTool):
        tool = next((tool for tool in domain.tools if tool.name == tool_choice.name), None)
    else:
        reading = domain.tool(said, known=True) or domain.tool(said, known=False) or domain.tool_loosely(said)
        tool = reading.tool if reading is not None else domain.tools[0]
    if tool is None:
        return ()
    calls = tuple(Call(tool.name, arguments) for arguments in tool.forced(said))
    return calls or (Say(f"I found no values that the declaration of {_spoken_name(tool.name)} allows."),)


def _open_question(domain: Domain, items: Sequence[Item]) -> _Ask | None:
    """The question of ours that the next user message answers, found by replaying the last turns."""
    before = next((item for item in reversed(items) if not _is_system(item)), None)
    if not (isinstance(before, MessageItem) and before.role is Role.ASSISTANT):
        return None
    if not any(_is_question(before, parameter) for tool in domain.tools for parameter in tool.parameters):
        return None
    question: _Ask | None = None
    asked: _Ask | None = None
    for item in items[-_HORIZON:]:
        if isinstance(item, (FunctionCallItem, FunctionCallOutputItem)):
            question = asked = None
        elif item.role is Role.USER:
            outcome = _function(domain, read(_text(item) or ""), question, None)
            # What no function answers may have been "say that again": the next message tells.
            asked, question = (outcome if isinstance(outcome, _Ask) else None if outcome else question), None
        elif item.role is Role.ASSISTANT and asked is not None:
            question, asked = (asked if _is_question(item, asked.parameter) else None), None
    return question


def _is_question(item: MessageItem, parameter: Parameter) -> bool:
    """Whether an assistant message asks for the parameter, perhaps cut short by the user's answer."""
    text = (_text(item) or "").strip()
    return bool(text) and (parameter.question.startswith(text) or text.endswith(parameter.question))


def _last_call(domain: Domain, items: Sequence[Item]) -> tuple[Tool, Arguments] | None:
    for item in reversed(items[-_HORIZON:]):
        if isinstance(item, FunctionCallItem):
            tool = next((tool for tool in domain.tools if tool.name == item.name), None)
            arguments = _object(item.arguments)
            return None if tool is None or arguments is None else (tool, arguments)
    return None


def _object(text: str) -> Arguments | None:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None  # a client may put anything into its history


def _say_outputs(items: Sequence[Item]) -> str:
    """Every result since somebody last spoke; several are told apart by what they were asked for."""
    trailing = list(_trailing_outputs(items))
    calls = {item.call_id: item for item in items if isinstance(item, FunctionCallItem)}
    if len(trailing) == 1:
        call = calls.get(trailing[0].call_id)
        return say_result(trailing[0].output, call.name if call else "")
    said = []
    for output in trailing:
        call = calls.get(output.call_id)
        label = _label(call) if call else ""
        result = say_result(output.output, call.name if call else "")
        said.append(f"{label}: {result}" if label else result)
    return " ".join(sentence(text) for text in said)


def _trailing_outputs(items: Sequence[Item]) -> Iterator[FunctionCallOutputItem]:
    first = len(items)
    while first > 0 and not (isinstance(items[first - 1], MessageItem) and not _is_system(items[first - 1])):
        first -= 1
    return (item for item in items[first:] if isinstance(item, FunctionCallOutputItem))


def _label(call: FunctionCallItem) -> str:
    """What a call was about: its first value, else its name."""
    for value in (_object(call.arguments) or {}).values():
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value):
            return str(value)[:80]
    return _spoken_name(call.name).capitalize()


def _spoken_name(name: str) -> str:
    return " ".join(identifier_words(name)) or name


def _no_match(text: str, items: Sequence[Item]) -> str:
    """That there is no answer, and once in a conversation why."""
    heard = text if len(text) <= _HEARD_CHARACTERS else text[:_HEARD_CHARACTERS].rsplit(" ", 1)[0] + " ..."
    return f'I heard: "{heard}". I have no answer to that.{_why(items)} Say "help" to hear what I can do.'


def _why(items: Sequence[Item]) -> str:
    """That there is no language model, unless the conversation has it already."""
    told = any(NO_MODEL in (_text(item) or "") for item in items if isinstance(item, MessageItem))
    return "" if told else f" {NO_MODEL}{_ATTACH_ONE}"


def _last_said(items: Sequence[Item]) -> str | None:
    """The assistant's last words, as far as they were spoken."""
    said = (_text(item) for item in reversed(items) if isinstance(item, MessageItem) and item.role is Role.ASSISTANT)
    return next(filter(None, said), None)


def _is_system(item: Item) -> bool:
    return isinstance(item, MessageItem) and item.role is Role.SYSTEM


def _text(item: MessageItem) -> str | None:
    """What a message says; None when it holds no words, as speech that nobody understood."""
    said = []
    for part in item.content:
        if isinstance(part, (InputText, OutputText)):
            said.append(part.text.strip())
        elif isinstance(part, (InputAudio, OutputAudio)):
            said.append((part.transcript or "").strip())
    return " ".join(text for text in said if text) or None


def _checksum(items: Sequence[Item]) -> int:
    """A number from all that was said; identifiers differ from run to run and do not count."""
    told = hashlib.sha256()
    for item in items:
        if isinstance(item, MessageItem):
            told.update(f"{item.role.value}:{_text(item)}\n".encode())
    return int.from_bytes(told.digest()[:8])
