"""Who is asked first: health, trials, and engines that do not start."""

import asyncio
import logging

import pytest
from failing_engines import Clock, Hold, died, llm, members

from voxwire.errors import ConfigurationError, EngineError
from voxwire.runtime.failover import Members, TakeoverTimes
from voxwire.runtime.failover.serving import Serving, listener
from voxwire.testing.contract.llm_contract import asked, text_of
from voxwire.testing.fake_llm import FakeLlm


def order(line: Members) -> list[str]:
    """Who would be asked, in which order."""
    names = []
    for attempt in line.attempts():
        names.append(attempt._member.name)
        attempt.error = died("llm")
        if attempt.last:
            return names
    return names


async def started(*engines: object, clock: Clock) -> Members:
    line = members("llm", engines, clock)
    await line.start()
    return line


class TestHealth:
    async def test_one_that_failed_rests_and_gets_one_trial(self) -> None:
        clock = Clock()
        first = FakeLlm([died("llm")])
        engine = await llm(first, FakeLlm("Hello"), clock=clock)

        async def ask() -> str:
            return text_of([event async for event in engine.respond(asked("Hello?"))])

        for _ in range(3):
            assert await ask() == "Hello"
        assert len(first.requests) == 1, "it rests"
        clock.now += 31
        assert await ask() == "Hello"
        assert len(first.requests) == 2, "one trial"
        clock.now += 31
        assert await ask() == "Hello"
        assert len(first.requests) == 2, "it rests longer now"
        clock.now += 31
        first._answer = "I am back"
        assert await ask() == "I am back"
        assert await ask() == "I am back"
        assert engine.members.resting == 0

    async def test_on_trial_it_gets_one_piece_of_work(self) -> None:
        clock = Clock()
        line = await started(FakeLlm(), FakeLlm(), clock=clock)
        first = next(line.attempts())
        first.failed(died("llm"))
        first.end()
        assert order(line) == ["b", "a"]
        clock.now += 31
        trial = line.attempts()
        assert next(trial)._member.name == "a"
        assert order(line) == ["b", "a"], "others go on with the next meanwhile"
        trial.close()
        assert order(line) == ["a", "b"], "one that was left without a result is tried again"

    @pytest.mark.parametrize("code", ["unsupported_language", "unknown_voice", "invalid_speed"])
    async def test_what_is_about_the_request_says_nothing_about_the_engine(self, code: str) -> None:
        line = await started(FakeLlm(), FakeLlm(), clock=Clock())
        attempt = next(line.attempts())
        attempt.failed(died("llm", code))
        assert line.resting == 0

    async def test_those_that_rest_are_the_last_resort(self) -> None:
        line = await started(FakeLlm(), FakeLlm(), clock=Clock())
        for attempt in [next(line.attempts())]:
            attempt.failed(died("llm"))
        assert order(line) == ["b", "a"]

    async def test_the_log_says_who_goes_on_and_nothing_of_what_was_said(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        engine = await llm(FakeLlm([EngineError("llm", "llm_timeout", "secret words")]), FakeLlm("Hello"))
        with caplog.at_level(logging.WARNING):
            assert [event async for event in engine.respond(asked("Hello?"))]
        assert "the language engine a failed (llm_timeout): b goes on" in caplog.text
        assert "secret" not in caplog.text


class TestStart:
    async def test_one_that_does_not_start_is_stood_in_for(self, caplog: pytest.LogCaptureFixture) -> None:
        broken = Hold(FakeLlm("first"), *[ConfigurationError("There is no model.")] * 2)
        line = Members("llm", members("llm", [broken, FakeLlm("second")]).all, TakeoverTimes(rest_s=0.01), Clock())
        await line.start()
        assert "There is no model." in caplog.text
        assert order(line) == ["b"]
        async with asyncio.timeout(5):
            while len(order(line)) < 2:  # noqa: ASYNC110 - a start wakes nobody
                await asyncio.sleep(0.01)
        assert order(line) == ["a", "b"]
        await line.close()
        await line.close()
        assert broken.released == 2

    async def test_when_none_starts_the_first_says_why(self) -> None:
        line = members("llm", [Hold(FakeLlm(), ConfigurationError("one")), Hold(FakeLlm(), ConfigurationError("two"))])
        with pytest.raises(ConfigurationError, match="one"):
            await line.start()
        await line.close()

    async def test_closing_ends_the_attempts_to_start(self) -> None:
        line = members("llm", [Hold(FakeLlm(), *[died("llm")] * 9), FakeLlm()])
        await line.start()
        await line.close()
        assert all(task.done() for task in line._starting)

    async def test_before_the_start_it_says_what_it_will_be(self) -> None:
        line = members("llm", [FakeLlm(), FakeLlm()])
        assert len(line.engines) == 2
        with pytest.raises(EngineError) as failure:
            list(line.attempts())
        assert failure.value.code == "engine_died"


async def test_who_serves_is_told_to_whoever_the_work_is_for() -> None:
    told: list[Serving] = []
    engine = await llm(FakeLlm([died("llm", "llm_timeout")]), FakeLlm("Hello"))
    token = listener.set(told.append)
    try:
        assert [event async for event in engine.respond(asked("Hello?"))]
    finally:
        listener.reset(token)
    assert told == [Serving("llm", "a", "a", None), Serving("llm", "b", "a", "llm_timeout")]
