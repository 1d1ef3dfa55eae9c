"""What users of a deployment are likely to say, where its language engine knows that."""

import asyncio
from collections import OrderedDict
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.expectations import Expectations
from voxwire.interfaces.llm import LlmEngine
from voxwire.interfaces.stt import SttFinal, SttInterim
from voxwire.runtime.engine_calls import llm_errors

#: Sets of expected phrases kept at once: sessions of one application mostly share theirs.
_PHRASE_SETS: Final = 16


class Situation(NamedTuple):
    """All that expectations depend on."""

    instructions: str = ""
    tools: tuple[FunctionTool, ...] = ()


class Foresight:
    """Asks the language engine for its expectations, beside the event loop, and remembers them.

    Of an engine without `Expectations` nothing is known: no phrases, and whatever is said is understood.
    """

    def __init__(self, llm: LlmEngine) -> None:
        self._engine = llm if isinstance(llm, Expectations) else None
        self._known: OrderedDict[tuple[str, bytes], tuple[str, ...]] = OrderedDict()

    async def phrases(self, situation: Situation) -> tuple[str, ...]:
        """What to expect; up to tenths of a second with many tools that are not known yet. Raises EngineError."""
        if self._engine is None:
            return ()
        key = situation.instructions, msgspec.json.encode(situation.tools)
        phrases = self._known.get(key)
        if phrases is not None:
            self._known.move_to_end(key)
            return phrases
        with llm_errors:
            phrases = await asyncio.to_thread(self._engine.phrases, *situation)
        self._known[key] = phrases
        if len(self._known) > _PHRASE_SETS:
            self._known.popitem(last=False)
        return phrases

    async def reading(self, heard: SttFinal | SttInterim, situation: Situation) -> str:
        """What was said: the first reading in expected sentences that the engine has an answer for, else the free one.

        Raises EngineError.
        """
        expected = [text for text in heard.alternatives if text]
        if self._engine is not None and expected:
            with llm_errors:
                expected = await asyncio.to_thread(_understood, self._engine, expected, situation)
        return expected[0] if expected else heard.text


def _understood(engine: Expectations, readings: list[str], situation: Situation) -> list[str]:
    """The first of the readings that is, if there is one."""
    return list(islice((text for text in readings if engine.understands(text, *situation)), 1))
