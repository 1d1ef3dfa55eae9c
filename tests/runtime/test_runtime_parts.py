"""Identifiers, signals, tasks, failures: the small parts."""

import asyncio
import re
from collections.abc import Awaitable
from typing import Any

import pytest

from voxwire.errors import ClientError, EngineError
from voxwire.runtime import tasks as tasks_module
from voxwire.runtime.engine_calls import EngineSteps, engine_errors, first_failure, log_bug
from voxwire.runtime.ids import EventIds, new_id
from voxwire.runtime.notify import Flag, Notify
from voxwire.runtime.tasks import Tasks


class TestIds:
    def test_form(self) -> None:
        for _ in range(100):
            assert re.fullmatch(r"item_[0-9a-zA-Z]{21}", new_id("item"))

    def test_no_two_are_equal(self) -> None:
        assert len({new_id("resp") for _ in range(1000)}) == 1000

    def test_event_ids_count_within_a_conversation(self) -> None:
        first, second = EventIds(), EventIds()
        ids = [first() for _ in range(1000)] + [second() for _ in range(1000)]
        assert len(set(ids)) == 2000
        assert all(re.fullmatch(r"event_[0-9a-zA-Z]{21}", id) for id in ids)
        assert ids[:1000] == sorted(ids[:1000])


class TestSignal:
    async def test_all_who_wait_look_again(self) -> None:
        notify = Notify()
        waiting = [asyncio.create_task(notify.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        notify.wake()
        await asyncio.wait_for(asyncio.gather(*waiting), 1)

    async def test_waking_nobody_is_not_remembered(self) -> None:
        notify = Notify()
        notify.wake()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(notify.wait(), 0.01)

    async def test_one_who_gave_up_is_forgotten(self) -> None:
        notify = Notify()
        gone, stays = asyncio.create_task(notify.wait()), asyncio.create_task(notify.wait())
        await asyncio.sleep(0)
        gone.cancel()
        notify.wake()
        await asyncio.wait_for(stays, 1)
        await asyncio.wait([gone])
        assert gone.cancelled()

    async def test_a_flag_that_is_set_is_not_waited_for(self) -> None:
        flag = Flag(is_set=True)
        await asyncio.wait_for(flag.wait(), 1)
        flag.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(flag.wait(), 0.01)

    async def test_all_who_wait_for_a_flag_learn_that_it_is_set(self) -> None:
        flag = Flag()
        waiting = [asyncio.create_task(flag.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not flag.is_set()
        flag.set()
        await asyncio.wait_for(asyncio.gather(*waiting), 1)

    async def test_a_flag_that_is_cleared_at_once_goes_on_being_waited_for(self) -> None:
        flag = Flag()
        waiting = asyncio.create_task(flag.wait())
        await asyncio.sleep(0)
        flag.set()
        flag.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.01)
        flag.set()
        await asyncio.wait_for(waiting, 1)


class TestTasks:
    async def test_closing_waits_for_cleanup(self) -> None:
        steps: list[str] = []

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.01)
                steps.append("clean")

        tasks = Tasks(lambda error: steps.append("crash"))
        first = tasks.spawn(work(), "first")
        tasks.spawn(work(), "second")
        await asyncio.sleep(0)
        first.cancel()  # as cancelled work is, just before the end of everything
        await asyncio.sleep(0)
        await tasks.close()
        assert steps == ["clean", "clean"]
        assert len(tasks) == 0

    async def test_an_escaped_exception_is_told(self) -> None:
        crashes: list[BaseException] = []

        async def broken() -> None:
            raise KeyError("x")

        tasks = Tasks(crashes.append)
        await asyncio.wait([tasks.spawn(broken(), "broken")])
        await asyncio.sleep(0)
        assert [type(error) for error in crashes] == [KeyError]

    async def test_a_task_that_never_ends_is_left_loudly(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(tasks_module, "CLEANUP_SECONDS", 0.01)
        release = asyncio.Event()

        async def stubborn() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await release.wait()

        tasks = Tasks(lambda error: None)
        task = tasks.spawn(stubborn(), "stubborn engine")
        await asyncio.sleep(0)
        await tasks.close()
        assert "stubborn engine did not end" in caplog.text
        release.set()
        await asyncio.wait([task])


class TestFailures:
    @staticmethod
    async def take(*each: tuple[str, float, Awaitable[Any]]) -> None:
        """These steps: the stage, the seconds that it may take, and the work."""
        async with EngineSteps() as steps:
            for stage, seconds, work in each:
                steps.begin(stage, seconds)
                await work
                steps.end()

    async def test_a_step_that_takes_too_long(self) -> None:
        with pytest.raises(EngineError, match="gave nothing for 0 s") as failure:
            await self.take(("stt", 0.01, asyncio.Event().wait()))
        assert failure.value.code == "transcription_timeout"

    async def test_of_several_steps_the_one_that_takes_too_long_is_named(self) -> None:
        with pytest.raises(EngineError) as failure:
            await self.take(("llm", 60, asyncio.sleep(0)), ("tts", 0.01, asyncio.Event().wait()))
        assert failure.value.code == "tts_timeout"

    async def test_what_lies_between_two_steps_takes_as_long_as_it_likes(self) -> None:
        async with EngineSteps() as steps:
            steps.begin("llm", 0)
            steps.end()
            for _ in range(3):  # turns of the loop: in the first the timer fires
                await asyncio.sleep(0)

    async def test_time_outs_of_others_pass(self) -> None:
        theirs: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        theirs.set_exception(TimeoutError("theirs"))
        with pytest.raises(TimeoutError, match="theirs"):
            await self.take(("llm", 60, theirs))

    def test_engine_errors_pass_and_others_become_one(self) -> None:
        original = EngineError("tts", "no_voice", "No voice.")
        with pytest.raises(EngineError) as failure, engine_errors("tts"):
            raise original
        assert failure.value is original
        with pytest.raises(EngineError, match="failed unexpectedly") as failure, engine_errors("tts"):
            raise OSError("disk")
        assert isinstance(failure.value.__cause__, OSError)

    def test_the_first_failure_of_a_group_counts(self) -> None:
        errors = [EngineError("tts", code, "Why.") for code in "abc"]
        group = BaseExceptionGroup("", [BaseExceptionGroup("", errors[:2]), errors[2]])
        assert first_failure(group) == ("tts", "a", "Why.")

    def test_only_our_own_words_reach_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        log_bug("this broke", ClientError("our words", code="c"))
        log_bug("that broke", ValueError("somebody's words"))
        assert "our words" in caplog.text
        assert "that broke: ValueError" in caplog.text
        assert "somebody" not in caplog.text
