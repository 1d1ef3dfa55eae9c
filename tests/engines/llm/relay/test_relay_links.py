"""Connections: one for each session, kept, warmed, bounded, and closed."""

import asyncio
import gc
from contextlib import aclosing
from typing import Any

import pytest
from imitation import Event, Line, imitation, plainly
from relaying import answered, asking, relayed, spoken_turn, told, upstream, whole, words

from voxwire.engines.llm.relay.engine import RelayEngine, engine
from voxwire.errors import EngineError


def made(url: str, **options: Any) -> RelayEngine:
    return engine({"url": url, **options})


async def until(relay: RelayEngine, count: int) -> None:
    async with asyncio.timeout(10):
        while relay.connections != count:  # noqa: ASYNC110  # an engine has no event to wait for
            await asyncio.sleep(0.005)


async def held_up(line: Line, event: Event) -> None:
    """A service that begins to answer and does not go on."""
    if event["type"] == "response.create":
        await line.begin()
        await line.say("response.output_text.delta", response_id="resp_1", item_id="i1", delta="Hm")
    elif event["type"] == "response.cancel":
        await line.end(status="cancelled")


class TestWarmth:
    async def test_a_session_that_opens_has_its_connection(self) -> None:
        async with imitation() as service:
            relay = made(service.url)
            await relay.warm(asking())
            assert len(service.lines) == relay.connections == 1
            await relay.warm(asking())
            await whole(relay, asking(told("Hi.")))
            assert len(service.lines) == 1
            await relay.close()
            assert relay.connections == 0

    async def test_an_answer_that_is_asked_for_meanwhile_waits_for_it(self) -> None:
        async with imitation() as service:
            relay = made(service.url)
            warming = asyncio.create_task(relay.warm(asking()))
            await asyncio.sleep(0)
            warming.cancel()  # as the runtime does when an answer is asked for
            assert words(await whole(relay, asking(told("Hi.")))) == "Hello."
            assert len(service.lines) == 1
            await relay.close()

    async def test_one_that_ends_at_once_leaves_none(self) -> None:
        async with imitation() as service:
            relay = made(service.url)
            warming = asyncio.create_task(relay.warm(asking()))
            await asyncio.sleep(0)
            relay.forget("sess_1")
            await warming
            await until(relay, 0)
            await relay.close()

    async def test_a_service_that_is_down_is_for_the_answer_to_say(self) -> None:
        async with imitation() as service:
            url = service.url
        relay = made(url)
        await relay.warm(asking())
        with pytest.raises(EngineError, match="llm_unreachable"):
            await whole(relay, asking(told("Hi.")))
        await relay.close()

    async def test_settings_that_change_during_an_answer_open_no_other(self) -> None:
        async with imitation(held_up) as service:
            relay = made(service.url)
            async with aclosing(relay.respond(asking(told("Hi.")))) as events:
                await anext(events)
                await relay.warm(asking(instructions="Be loud."))
                assert len(service.lines) == 1
            await relay.close()


class TestEnds:
    async def test_a_session_that_ends_closes_its_connection(self) -> None:
        async with imitation() as service:
            relay = made(service.url)
            await whole(relay, asking(told("Hi.")))
            await whole(relay, asking(told("Hi."), session_key="sess_2"))
            relay.forget("sess_1")
            await until(relay, 1)
            relay.forget("sess_unknown")
            await relay.close()
            assert relay.connections == 0

    async def test_also_while_an_answer_is_being_cancelled(self) -> None:
        async with imitation(held_up) as service:
            relay = made(service.url)
            async with aclosing(relay.respond(asking(told("Hi.")))) as events:
                await anext(events)
            relay.forget("sess_1")
            await until(relay, 0)
            await relay.close()

    async def test_one_that_is_silent_for_long_closes_it_too(self) -> None:
        async with imitation() as service:
            relay = made(service.url, idle_s=0.05)
            await whole(relay, asking(told("Hi.")))
            await until(relay, 0)
            assert words(await whole(relay, asking(told("Hi.")))) == "Hello."
            await relay.close()

    async def test_cancelling_before_the_answer_begins(self) -> None:
        async def react(line: Line, event: Event) -> None:
            if event["type"] == "response.cancel":
                await line.begin()
                await line.end(status="cancelled")

        async with imitation(react) as service:
            relay = made(service.url)
            waiting = asyncio.create_task(whole(relay, asking(told("Hi."))))
            async with asyncio.timeout(10):
                while "response.create" not in service.types():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            waiting.cancel()
            await asyncio.wait([waiting])
            async with asyncio.timeout(10):
                while "response.cancel" not in service.types():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            assert relay.connections == 1
            await relay.close()


class TestBounds:
    async def test_who_has_waited_longest_makes_room(self) -> None:
        async with imitation() as service:
            relay = made(service.url, connections=2)
            for name in "abcab":
                assert words(await whole(relay, asking(told("Hi."), session_key=name))) == "Hello."
                assert relay.connections <= 2
            assert len(service.lines) == 5, "a, b, c in place of a, a in place of b, b in place of c"
            await relay.close()

    async def test_when_all_are_at_work_an_answer_waits_and_then_fails(self) -> None:
        async with imitation(held_up) as service:
            relay = made(service.url, connections=1, connect_s=0.1)
            async with aclosing(relay.respond(asking(told("Hi.")))) as events:
                await anext(events)
                with pytest.raises(EngineError) as caught:
                    await whole(relay, asking(told("Hi."), session_key="sess_2"))
                assert caught.value.code == "engine_busy"
            await relay.close()

    async def test_answers_beside_one_another_leave_two_connections(self) -> None:
        async with imitation() as service:
            relay = made(service.url)
            await asyncio.gather(*(whole(relay, asking(told("Hi.", f"u{n}"))) for n in range(5)))
            await until(relay, 2)
            await relay.close()

    async def test_many_sessions_leave_nothing_behind(self) -> None:
        service, llm = upstream("Hello.")
        async with relayed(service) as relay:

            async def converse(name: str) -> None:
                first = await whole(relay, asking(spoken_turn("u1"), session_key=name))
                mine = answered("a1", first)
                assert words(await whole(relay, asking(spoken_turn("u1"), mine, told("And?", "u2"), session_key=name)))
                relay.forget(name)

            await asyncio.gather(*(converse(f"sess_{number}") for number in range(20)))
            await until(relay, 0)
            assert len(llm.requests) == 40
            gc.collect()
            links = [one for one in gc.get_objects() if type(one).__name__ in ("Link", "Mirror")]
            assert not links


async def test_speech_that_is_long_goes_up_in_pieces() -> None:
    async with imitation(plainly) as service:
        relay = made(service.url)
        await whole(relay, asking(spoken_turn("u1", ms=5_000)))
        await relay.close()
    pieces = service.told("input_audio_buffer.append")
    assert len(pieces) == 4
    assert max(len(piece["audio"]) for piece in pieces) < 100_000
