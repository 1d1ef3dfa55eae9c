"""What holds for engines of every kind: they are made, say what they are, start, and close."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio

#: A piece of work that takes longer than this, in seconds, will not end: for engines that are slow on a busy machine.
LONGEST_S: Final = 60.0
#: What was closed ends within this many seconds. The contract says 100 ms; the rest is for a busy machine.
CLOSED_S: Final = 3.0


@pytest.mark.asyncio(loop_scope="class")
class EngineContract:
    """The base of the suites."""

    @staticmethod
    def make_engine() -> Any:
        """A new engine, not started."""
        raise NotImplementedError("say how an engine is made")

    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    @classmethod
    async def engine(cls) -> AsyncIterator[Any]:
        """One that is started, for all tests of the class."""
        made = cls.make_engine()
        await made.start()
        yield made
        await made.close()

    async def test_says_what_it_is(self, engine: Any) -> None:
        info = engine.capabilities.info
        assert info.name
        assert info.name == info.name.lower()
        assert info.label.strip()
        assert info.licence.strip()

    async def test_closing_twice_is_closing_once(self) -> None:
        another = self.make_engine()
        await another.start()
        await another.close()
        await another.close()

    async def test_one_that_never_started_can_be_closed(self) -> None:
        await self.make_engine().close()
