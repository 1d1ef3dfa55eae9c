"""One conversation around a scripted session: routing, order, time, back-pressure, bugs."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import msgspec
import pytest
from runtime_client import ANYBODY, runtime_tasks

from voxwire.audio.pcm import AudioFormat
from voxwire.audio.tape import Tape
from voxwire.errors import ClientError, InvariantError
from voxwire.events.client import AppendAudio, ClientEvent, CommitAudio, CreateResponse
from voxwire.events.closing import CloseReason
from voxwire.events.items import AudioClip, InputAudio, MessageItem, Role
from voxwire.events.server import BufferCleared, ErrorOccurred, ItemRetrieved, ServerEvent, SessionCreated
from voxwire.events.session_config import SessionConfig, SessionPatch
from voxwire.interfaces.commands import CloseSession, DiscardPendingAudio, Output
from voxwire.interfaces.inputs import ClientMistake, Input, Tick
from voxwire.runtime.attachment import AttachmentRole
from voxwire.runtime.budget import Budget
from voxwire.runtime.event_attachment import EventAttachment
from voxwire.runtime.live import LiveSession
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.testing.fake_service import fake_deployment
from voxwire.testing.memory_transport import MemoryTransport
from voxwire.testing.scripted_clock import ScriptedClock

CLEARED = BufferCleared()


class ScriptedSession:
    """Answers each input by `answer`, and being pulled as None; remembers what came in, from whom, and when."""

    def __init__(self) -> None:
        self.inputs: list[tuple[Input, int | None, float]] = []
        self.answer: Callable[[Input | None], list[Output]] = lambda event: []
        self.opening: list[Output] = []
        self.deadline: float | None = None
        self.backlog_ms = 0.0
        self.waiting_events = 0
        self.speaking = False
        self.tape = Tape(AudioFormat.PCM16)
        self.tape.begin(3)
        self.plain = False
        self.pulls: list[float] = []

    def open(self, patch: SessionPatch | None = None) -> list[Output]:
        return self.opening

    @property
    def created(self) -> SessionCreated:
        return SessionCreated(session_id="sess_1", config=SessionConfig(model="now"), expires_at=1)

    def end(self) -> list[Output]:
        return []

    def receive(self, event: Input, *, now: float, origin: int | None = None) -> list[Output]:
        self.inputs.append((event, origin, now))
        return self.answer(event)

    def append(self, audio: bytes, *, now: float) -> int | None:
        """None, or onto the tape where the session is `plain`."""
        return self.tape.append(audio) if self.plain else None

    def pull(self, *, now: float) -> list[Output]:
        self.pulls.append(now)
        return self.answer(None)

    @property
    def kinds(self) -> list[type]:
        return [type(event) for event, _, _ in self.inputs]


class PlainCodec:
    """Frames are names of events; events are sent as their class names. `plays`: the other side holds sound that it
    has to be told to drop."""

    def __init__(self, *, plays: bool = False) -> None:
        self.plays = plays

    def append(self, frame: bytes) -> AppendAudio | None:
        if frame == b"bug":
            raise KeyError("a bug of the dialect")
        return AppendAudio(audio=b"\0\0") if frame == b"append" else None

    def decode(self, frame: str | bytes) -> ClientEvent:
        match frame:
            case "append":
                return AppendAudio(audio=b"\0\0")
            case "commit":
                return CommitAudio(event_id="mine")
            case "respond":
                return CreateResponse()
            case "bug":
                raise KeyError("a bug of the dialect")
        raise ClientError("No such thing.", code="invalid_event")

    def encode(self, event: ServerEvent, event_id: str) -> bytes | None:
        if isinstance(event, ErrorOccurred) and event.code == "unknown here":
            return None
        return msgspec.json.encode({"type": type(event).__name__, "event_id": event_id})

    def discard_audio(self, response_id: str) -> bytes | None:
        return msgspec.json.encode({"type": "clear", "of": response_id}) if self.plays else None


class Bench:
    """A conversation and everything around it; use as a context manager."""

    def __init__(self, limits: RuntimeLimits | None = None) -> None:
        self.session = ScriptedSession()
        self.clock = ScriptedClock()
        self.lanes: list[SimpleNamespace] = []
        self.budget = Budget(1000)
        self.live = LiveSession(
            "sess_1",
            self.session,
            fake_deployment(),
            ANYBODY,
            open_lane=self._open_lane,
            limits=limits or RuntimeLimits(),
            budget=self.budget,
            clock=self.clock,
        )
        self.wires: list[MemoryTransport] = []

    def _open_lane(
        self, tape: Tape, on_wake: Callable[[], None], on_error: Callable[[Exception], None]
    ) -> SimpleNamespace:
        lane = SimpleNamespace(tape=tape, did=[], on_wake=on_wake, on_error=on_error, watched=False)
        for name in ("queue", "hold", "release", "close"):
            setattr(lane, name, partial(lane.did.append, name))
        self.lanes.append(lane)
        return lane

    def attach(self, role: AttachmentRole = AttachmentRole.SPEAKER) -> EventAttachment:
        self.wires.append(MemoryTransport())
        return EventAttachment.join(self.live, PlainCodec(), self.wires[-1], role)

    async def __aenter__(self) -> "Bench":
        self._running = self.live.running()
        await self._running.__aenter__()
        self.live.open()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._running.__aexit__(*failure)  # type: ignore[arg-type]
        assert runtime_tasks() == set()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class TestRouting:
    async def test_errors_go_to_their_origin_and_the_rest_to_all(self) -> None:
        bench = Bench()
        first, second = bench.attach(), bench.attach()
        async with bench:
            bench.session.answer = lambda event: [
                ErrorOccurred(type="t", code="c", message="m", origin=2),
                ErrorOccurred(type="t", code="session_expired", message="m"),
                CLEARED,
            ]
            await second.receive("commit")
            await settle()
            assert bench.wires[0].types == ["ErrorOccurred", "BufferCleared"]
            assert bench.wires[1].types == ["ErrorOccurred", "ErrorOccurred", "BufferCleared"]
            assert bench.wires[0].events[-1] == bench.wires[1].events[-1]  # one event, one id
            assert [origin for _, origin, _ in bench.session.inputs] == [2]
            await first.receive("commit")
            assert bench.session.inputs[-1][1] == 1

    async def test_an_event_that_the_dialect_lacks_is_left_out(self) -> None:
        bench = Bench()
        bench.session.opening = [ErrorOccurred(type="t", code="unknown here", message="m"), CLEARED]
        bench.attach()
        async with bench:
            await settle()
            assert bench.wires[0].types == ["BufferCleared"]

    async def test_event_ids_are_unique_and_one_length(self) -> None:
        bench = Bench()
        bench.session.opening = [CLEARED] * 30
        bench.attach()
        async with bench:
            await settle()
            ids = [event["event_id"] for event in bench.wires[0].events]
            assert len(set(ids)) == 30
            assert {len(id) for id in ids} == {27}

    async def test_mistakes_and_binary_frames_stay_in_line(self) -> None:
        bench = Bench()
        client = bench.attach()
        async with bench:
            for frame, binary in (("append", False), ("nonsense", False), ("append", True), ("commit", False)):
                await client.receive(frame, binary=binary)
            assert bench.session.kinds == [AppendAudio, ClientMistake, ClientMistake, CommitAudio]

    async def test_a_wire_that_needs_a_frame_for_it_is_told_to_drop_sound(self) -> None:
        bench = Bench()
        bench.attach()
        telephone = MemoryTransport()
        EventAttachment.join(bench.live, PlainCodec(plays=True), telephone)
        async with bench:
            bench.session.answer = lambda event: [CLEARED, DiscardPendingAudio(response_id="resp_1"), CLEARED]
            bench.live.submit(Tick())
            await settle()
            assert bench.wires[0].types == ["BufferCleared", "BufferCleared"]
            assert telephone.types == ["BufferCleared", "clear", "BufferCleared"]
            assert telephone.events[1]["of"] == "resp_1"


class TestOrder:
    async def test_what_arrives_meanwhile_waits_in_line(self) -> None:
        bench = Bench()
        bench.attach()

        def answer(event: Input) -> list[Output]:
            if isinstance(event, CreateResponse):
                bench.live.submit(Tick())  # a result that arrives while outputs are acted on
                assert bench.session.kinds == [CreateResponse]
            return [CLEARED]

        async with bench:
            bench.session.answer = answer
            bench.live.submit(CreateResponse())
            assert bench.session.kinds == [CreateResponse, Tick]

    async def test_windows_are_scored_on_the_tape_and_the_session_is_pulled(self) -> None:
        bench = Bench()
        bench.attach()
        bench.session.plain = True
        async with bench:
            bench.live.submit(AppendAudio(audio=bytes(100)))
            assert not bench.lanes, "there is nothing to score yet"
            bench.live.append(bytes(AudioFormat.PCM16.window_bytes))
            bench.live.append(bytes(AudioFormat.PCM16.window_bytes))
            (lane,) = bench.lanes
            assert lane.tape is bench.session.tape
            assert lane.did == ["queue"] * 2
            bench.session.answer = lambda event: [CLEARED]
            bench.clock.advance(1)
            lane.on_wake()
            assert bench.session.pulls == [1001.0]
            await settle()
            assert bench.wires[0].types == ["BufferCleared"]
        assert bench.session.inputs == []
        assert lane.did[-1] == "close"
        lane.on_wake()
        assert len(bench.session.pulls) == 1, "nothing is asked of a session that has ended"

    async def test_audio_that_events_wait_before_goes_their_way(self) -> None:
        bench = Bench()
        bench.attach()
        async with bench:
            bench.live.append(b"\0\0", 1, 20)
            bench.live.submit(AppendAudio(audio=b"\0\0", event_id="e"), 2)
            assert [(event, origin) for event, origin, _ in bench.session.inputs] == [
                (AppendAudio(audio=b"\0\0"), 1),
                (AppendAudio(audio=b"\0\0", event_id="e"), 2),
            ]

    async def test_what_an_event_brings_to_the_tape_is_scored_too(self) -> None:
        """Audio that has waited behind other events."""
        bench = Bench()
        bench.attach()

        def answer(event: Input | None) -> list[Output]:
            bench.session.tape.append(bytes(AudioFormat.PCM16.window_bytes))
            return []

        async with bench:
            bench.session.answer = answer
            bench.live.submit(Tick())
            bench.lanes[0].on_wake()
            assert bench.lanes[0].did == ["queue"] * 2

    async def test_a_tape_is_left_alone_while_a_thread_works(self) -> None:
        bench = Bench()
        bench.attach()
        bench.session.plain = True
        async with bench:
            bench.live.append(bytes(AudioFormat.PCM16.window_bytes))
            bench.session.answer = lambda event: bench.lanes[0].did.append("work") or []
            bench.lanes[0].did.clear()
            await bench.live.submit_beside(CommitAudio(), 1)
            assert bench.lanes[0].did == ["hold", "work", "release", "queue"]

    async def test_a_thread_that_was_given_up_keeps_the_session_to_itself(self) -> None:
        """Who waits for it may be cancelled; the thread goes on, and may be anywhere in the session."""
        bench = Bench()
        bench.attach()
        working, enough = threading.Event(), threading.Event()
        alone: list[str] = []
        bench.session.plain = True
        bench.session.append = lambda audio, now: alone.append("append")  # type: ignore[method-assign]
        bench.session.end = lambda: alone.append("end") or []  # type: ignore[method-assign]

        def answer(event: Input | None) -> list[Output]:
            working.set()
            enough.wait(10)
            return []

        try:
            async with bench:
                bench.session.answer = answer
                waiting = asyncio.create_task(bench.live.submit_beside(CommitAudio(), 1))
                await asyncio.to_thread(working.wait, 10)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                bench.live.append(bytes(AudioFormat.PCM16.window_bytes))
        finally:
            enough.set()
        assert (alone, bench.session.kinds) == ([], [CommitAudio])

    async def test_what_happens_to_the_tape_after_the_end_opens_no_lane(self) -> None:
        bench = Bench()
        bench.attach()
        async with bench:
            bench.session.tape.append(bytes(AudioFormat.PCM16.window_bytes))
            bench.session.answer = lambda event: bench.live.close(CloseReason.CLIENT_LEFT) or []
            bench.live.submit(Tick())
        assert not bench.lanes

    async def test_nothing_is_acted_on_behind_a_close(self) -> None:
        bench = Bench()
        client = bench.attach()
        async with bench:
            bench.session.answer = lambda event: [
                CLEARED,
                CloseSession(reason=CloseReason.EXPIRED, message="over"),
                CLEARED,
            ]
            await client.receive("commit")
            await client.receive("commit")
            assert await bench.wires[0].wait_closed() == (CloseReason.EXPIRED, "over")
            assert bench.wires[0].types == ["BufferCleared"]
            assert bench.session.kinds == [CommitAudio]
            await client.closed.wait()
            await client.receive("commit")
            assert bench.session.kinds == [CommitAudio]


class TestTime:
    async def test_a_tick_comes_at_the_deadline(self) -> None:
        bench = Bench()
        bench.attach()
        bench.session.deadline = 1010.0
        async with bench:
            bench.clock.advance(9.9)
            assert bench.session.inputs == []
            bench.session.answer = lambda event: setattr(bench.session, "deadline", None) or []
            bench.clock.advance(0.2)
            assert bench.session.inputs == [(Tick(), None, 1010.0)]
            bench.clock.advance(3600)
            assert len(bench.session.inputs) == 1

    async def test_a_deadline_that_moves_on_costs_no_timers(self) -> None:
        bench = Bench()
        client = bench.attach()
        bench.session.deadline = 1030.0
        async with bench:
            set_at_first = bench.clock.timers_set
            for _ in range(128):
                bench.session.deadline += 1 / 64
                await client.receive("commit")
            assert bench.clock.timers_set == set_at_first
            bench.clock.advance(31)
            assert Tick not in bench.session.kinds
            bench.session.answer = lambda event: setattr(bench.session, "deadline", None) or []
            bench.clock.advance(2)
            assert bench.session.inputs[-1] == (Tick(), None, 1032.0)

    async def test_a_deadline_that_comes_nearer_is_met(self) -> None:
        bench = Bench()
        client = bench.attach()
        bench.session.deadline = 4600.0
        async with bench:
            bench.session.deadline = 1001.0
            await client.receive("commit")
            bench.session.answer = lambda event: setattr(bench.session, "deadline", 4600.0) or []
            bench.clock.advance(1)
            assert bench.session.kinds == [CommitAudio, Tick]

    async def test_no_tick_after_the_end(self) -> None:
        bench = Bench()
        bench.attach()
        bench.session.deadline = 1001.0
        async with bench:
            bench.live.close(CloseReason.CLIENT_LEFT, "")
            bench.clock.advance(5)
            assert bench.session.inputs == []


class TestBackPressure:
    @pytest.mark.parametrize("busy", ["backlog_ms", "waiting_events"])
    async def test_the_reader_waits_while_audio_waits(self, busy: str) -> None:
        bench = Bench()
        client = bench.attach()
        async with bench:
            setattr(bench.session, busy, 100_000)
            reading = asyncio.create_task(client.receive("append"))
            await settle()
            assert not reading.done()
            bench.live.pull()
            await settle()
            assert not reading.done()
            setattr(bench.session, busy, 0)
            bench.live.pull()
            await asyncio.wait_for(reading, 1)

    async def test_whoever_waits_for_the_backlog_has_every_score_wake(self) -> None:
        bench = Bench()
        client, other = bench.attach(), bench.attach()
        bench.session.plain = True
        async with bench:
            bench.live.append(bytes(AudioFormat.PCM16.window_bytes))
            (lane,) = bench.lanes
            assert not lane.watched
            bench.session.plain, bench.session.backlog_ms = False, 100_000
            reading = [asyncio.create_task(each.receive("append")) for each in (client, other)]
            await settle()
            assert lane.watched
            reading[0].cancel()
            await settle()
            assert lane.watched
            bench.session.backlog_ms = 0
            lane.on_wake()
            await asyncio.wait_for(reading[1], 1)
            assert not lane.watched

    async def test_events_that_wait_count_by_their_size_until_they_are_taken(self) -> None:
        bench = Bench(RuntimeLimits(waiting_bytes=10))
        client, session = bench.attach(), bench.session
        async with bench:
            sizes = []
            for waiting, frame in ((1, "commit"), (2, "respond")):
                session.waiting_events = waiting
                reading = asyncio.create_task(client.receive(frame))
                await settle()
                sizes.append(bench.budget.used)
            assert sizes == [len("commit"), len("commit") + len("respond")]
            assert not reading.done(), "13 bytes are more than may wait"
            session.waiting_events = 1
            bench.live.pull()
            assert bench.budget.used == len("respond")
            await asyncio.wait_for(reading, 1)
        assert bench.budget.used == 0

    async def test_nobody_waits_for_one_that_only_looks_on(self) -> None:
        """It is dropped when it does not keep up, at a bound of its own; the speaker goes on."""
        limits = RuntimeLimits(outbox_high_bytes=100, outbox_low_bytes=10, observer_limit_bytes=1000)
        bench = Bench(limits)
        speaker, observer = bench.attach(), bench.attach(AttachmentRole.OBSERVER)
        async with bench:
            bench.session.answer = lambda event: [CLEARED] * 2
            bench.wires[1].reading.clear()
            for _ in range(3):
                await speaker.receive("commit")
                await settle()
            assert not observer.writable
            await asyncio.wait_for(bench.live.writable(), 1)
            for _ in range(10):
                await speaker.receive("commit")
                await settle()
            assert await bench.wires[1].wait_closed() == (CloseReason.NOT_READING, CloseReason.NOT_READING.value)
            await asyncio.wait_for(observer.closed.wait(), 1)
            await speaker.receive("commit")
            await settle()
            assert len(bench.wires[0].events) == 2 * 14
            assert not speaker.closed.is_set()
        assert bench.budget.used == 0

    async def test_the_reader_waits_for_its_own_outbox_alone(self) -> None:
        bench = Bench(RuntimeLimits(outbox_high_bytes=100, outbox_low_bytes=10))
        slow, quick = bench.attach(), bench.attach()
        async with bench:
            bench.session.answer = lambda event: [CLEARED] * 10
            bench.wires[0].reading.clear()
            await quick.receive("commit")
            await quick.receive("commit")
            reading = asyncio.create_task(slow.receive("commit"))
            writing = asyncio.create_task(bench.live.writable())
            await settle()
            assert not reading.done()
            assert not writing.done()
            bench.wires[0].reading.set()
            await asyncio.wait_for(reading, 1)
            await asyncio.wait_for(writing, 1)

    async def test_the_end_frees_those_who_wait(self) -> None:
        bench = Bench()
        client = bench.attach()
        async with bench:
            bench.session.backlog_ms = 100_000
            reading = asyncio.create_task(client.receive("append"))
            await settle()
            bench.live.close(CloseReason.RESTARTING, "restart")
            await asyncio.wait_for(reading, 1)

    async def test_a_reader_that_never_waits_lets_others_run(self) -> None:
        bench = Bench()
        client = bench.attach()
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with bench:
            task = asyncio.create_task(other())
            for _ in range(160):
                await client.receive("append")
            task.cancel()
        assert turns == 10

    async def test_a_client_that_left_does_not_hold_up_the_others(self) -> None:
        bench = Bench(RuntimeLimits(outbox_high_bytes=100, outbox_low_bytes=10))
        gone, client = bench.attach(), bench.attach()
        async with bench:
            bench.session.answer = lambda event: [CLEARED] * 10
            bench.wires[0].gone = True
            await client.receive("commit")
            await asyncio.wait_for(bench.live.writable(), 1)
            assert gone.closed.is_set()
            assert not client.closed.is_set()


class TestLargeAudio:
    """Retrieved audio that takes long to convert and to encode is left to a thread."""

    RETRIEVED = ItemRetrieved(
        item=MessageItem(id="a", role=Role.USER, content=(InputAudio(),)),
        audio={0: AudioClip(data=bytes(60_000), format=AudioFormat.ULAW)},
        format=AudioFormat.PCM16,
    )

    async def test_the_loop_goes_on_and_the_order_stays(self) -> None:
        bench = Bench()
        client = bench.attach()
        encode, go_on, encoders = client._codec.encode, threading.Event(), []

        def slow(event: ServerEvent, event_id: str) -> bytes | None:
            encoders.append((type(event), threading.current_thread()))
            if isinstance(event, ItemRetrieved):
                assert go_on.wait(10)
            return encode(event, event_id)

        client._codec.encode = slow  # type: ignore[method-assign]
        bench.session.answer = lambda event: [CLEARED, self.RETRIEVED, CLEARED]
        async with bench:
            await client.receive("commit")
            await settle()
            assert bench.wires[0].types == ["BufferCleared"]
            go_on.set()
            bench.live.close(CloseReason.CLIENT_LEFT, "")
            await bench.wires[0].wait_closed()
        assert bench.wires[0].types == ["BufferCleared", "ItemRetrieved", "BufferCleared"]
        aside = [kind for kind, thread in encoders if thread is not threading.main_thread()]
        assert aside == [ItemRetrieved]

    async def test_a_bug_there_ends_this_conversation_in_words(self, caplog: pytest.LogCaptureFixture) -> None:
        bench = Bench()
        client = bench.attach()
        encode = client._codec.encode

        def broken(event: ServerEvent, event_id: str) -> bytes | None:
            if isinstance(event, ItemRetrieved):
                raise InvariantError("a step", expected="this", actual="that")
            return encode(event, event_id)

        client._codec.encode = broken  # type: ignore[method-assign]
        bench.session.answer = lambda event: [self.RETRIEVED]
        async with bench:
            await client.receive("commit")
            assert await bench.wires[0].wait_closed() == (CloseReason.INTERNAL_ERROR, "internal error")
        assert bench.wires[0].types == ["ErrorOccurred"]
        assert "ended by an internal error" in caplog.text


class TestBugs:
    @pytest.mark.parametrize("place", ["session", "dialect", "detection", "opening"])
    async def test_a_bug_ends_this_conversation_in_words(self, place: str, caplog: pytest.LogCaptureFixture) -> None:
        bench = Bench()
        client = bench.attach()

        def broken(event: Input) -> list[Output]:
            raise InvariantError("a step", expected="this", actual="that")

        if place == "opening":
            bench.session.open = lambda: broken(Tick())  # type: ignore[method-assign]
        async with bench:
            match place:
                case "session":
                    bench.session.answer = broken
                    await client.receive("commit")
                case "dialect":
                    await client.receive("bug")
                case "detection":
                    bench.session.plain = True
                    bench.live.append(bytes(AudioFormat.PCM16.window_bytes))
                    bench.lanes[0].on_error(InvariantError("a window", expected=1, actual=2))
            assert await bench.wires[0].wait_closed() == (CloseReason.INTERNAL_ERROR, "internal error")
            assert bench.wires[0].types == ["ErrorOccurred"]
        assert "ended by an internal error" in caplog.text
        assert "in receive" in caplog.text or "decode" in caplog.text or place in ("detection", "opening")

    async def test_an_event_that_cannot_even_be_encoded(self, caplog: pytest.LogCaptureFixture) -> None:
        bench = Bench()
        client = bench.attach()
        bench.session.answer = lambda event: [CLEARED]
        async with bench:
            client._codec.encode = lambda event, event_id: 1 / 0  # type: ignore[method-assign,assignment,return-value]
            await client.receive("commit")
            assert (await bench.wires[0].wait_closed())[0] is CloseReason.INTERNAL_ERROR
        assert "could not tell the client" in caplog.text


async def test_the_last_client_takes_the_conversation_along() -> None:
    bench = Bench()
    client = bench.attach()
    async with bench:
        bench.session.answer = lambda event: [CLEARED]
        bench.wires[0].gone = True
        await client.receive("commit")
        await asyncio.wait_for(client.closed.wait(), 1)
        bench.live.submit(Tick())
        assert bench.session.kinds == [CommitAudio]


async def test_a_conversation_that_has_ended_is_freed() -> None:
    bench = Bench()
    bench.attach()
    async with bench:
        await settle()
    live = weakref.ref(bench.live)
    del bench
    gc.collect()
    assert live() is None
