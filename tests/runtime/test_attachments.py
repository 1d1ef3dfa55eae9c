"""Who belongs to a session: those who open it, those who join it, and those who carry sound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from runtime_client import ANYBODY, Client, connected, default_of, runtime_tasks
from telephone import MOST_HELD_MS, Telephone

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects.variant import Dialect, Variant
from voxwire.dialects.wire_codec import WireCodec
from voxwire.errors import ClientError
from voxwire.events.closing import CloseReason
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import ServerVad, SessionKind, SessionPatch
from voxwire.runtime.attachment import AttachmentRole
from voxwire.runtime.audience import SessionEnded, TooManyAttachments
from voxwire.runtime.live import LiveSession
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.runtime.service import Service
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_vad import loud, quiet
from voxwire.testing.memory_transport import Event, MemoryTransport


@asynccontextmanager
async def joined(
    service: Service, session_id: str, dialect: Dialect = Dialect.GA, role: AttachmentRole = AttachmentRole.OBSERVER
) -> AsyncIterator[Client]:
    wire = MemoryTransport()
    codec = WireCodec(Variant(dialect=dialect))
    async with service.join(session_id, codec=codec, transport=wire, role=role) as attachment:
        yield Client(attachment, wire)


async def id_of(client: Client) -> str:
    created = await client.wire.wait_for("session.created")
    return str(created["session"]["id"])


@asynccontextmanager
async def opened(
    service: Service, patch: SessionPatch | None = None, greeting: ResponseParams | None = None
) -> AsyncIterator[Client]:
    """A client whose session was opened with more than a name."""
    wire = MemoryTransport()
    async with service.converse(
        await default_of(service),
        principal=ANYBODY,
        kind=SessionKind.REALTIME,
        codec=WireCodec(Variant(dialect=Dialect.GA)),
        transport=wire,
        patch=patch,
        greeting=greeting,
    ) as attachment:
        yield Client(attachment, wire)


@asynccontextmanager
async def called(service: Service, **opening: object) -> AsyncIterator[tuple[LiveSession, Telephone]]:
    """A session that a telephone opened."""
    before = runtime_tasks()
    async with service.session(
        await default_of(service), principal=ANYBODY, kind=SessionKind.REALTIME, reports_playout=True
    ) as live:
        telephone = live.attach(lambda number: Telephone(live, number))
        live.open(**opening)  # type: ignore[arg-type]
        yield live, telephone
    assert runtime_tasks() <= before


async def play_until(telephone: Telephone, observer: Client, type: str, count: int = 1) -> Event:
    """Play on, until the observer has seen the `count`-th event of this type, and then all that is held."""
    async with asyncio.timeout(10):
        while len(observer.wire.all(type)) < count:
            telephone.play(200)
            await asyncio.sleep(0)
    telephone.play(2 * MOST_HELD_MS)
    return observer.wire.all(type)[count - 1]


class TestJoining:
    async def test_who_comes_late_gets_the_session_as_it_stands(self) -> None:
        service = fake_service()
        async with connected(service, shared=True) as client:
            await client.configure(instructions="Speak like a sailor.")
            async with joined(service, await id_of(client), Dialect.PREVIEW) as late:
                first = client.wire.all("session.created")[0]["session"]
                created = (await late.wire.wait_for("session.created"))["session"]
                assert late.wire.types == ["session.created"]
                assert (created["id"], created["instructions"]) == (first["id"], "Speak like a sailor.")
                assert created["modalities"] == ["text", "audio"], "its own dialect"
                update = client.wire.all("session.updated")[0]["session"]
                assert update["expires_at"] == first["expires_at"]
                await late.send("session.update", session={"instructions": "Speak like a judge."})
                heard = await client.wire.wait_for("session.updated", 2)
                assert heard["session"]["instructions"] == "Speak like a judge."
                same = await late.wire.wait_for("session.updated")
                assert same["event_id"] == heard["event_id"]

    async def test_an_answer_is_seen_by_all_and_a_mistake_by_its_author(self) -> None:
        service = fake_service()
        async with connected(service, shared=True) as client, joined(service, await id_of(client)) as late:
            await late.send("response.cancel")
            await late.send("response.create")
            for wire in (client.wire, late.wire):
                done = await wire.wait_for("response.done")
                assert done["response"]["status"] == "completed"
            assert len(late.wire.all("error")) == 1
            assert not client.wire.all("error")

    async def test_one_that_looks_on_may_leave(self) -> None:
        service = fake_service()
        async with connected(service) as client:
            async with joined(service, await id_of(client)) as late:
                pass
            assert late.wire.closed == (CloseReason.CLIENT_LEFT, CloseReason.CLIENT_LEFT.value)
            await client.send("response.create")
            await client.wire.wait_for("response.done")

    async def test_the_last_speaker_takes_those_along_who_look_on(self) -> None:
        service = fake_service()
        async with connected(service, shared=True) as client:
            session_id = await id_of(client)
            async with (
                joined(service, session_id, role=AttachmentRole.SPEAKER) as second,
                joined(service, session_id) as late,
            ):
                await client.attachment.leave()
                await second.send("response.create")
                await late.wire.wait_for("response.done")
                await second.attachment.leave()
                assert await late.wire.wait_closed() == (CloseReason.ENDED, CloseReason.ENDED.value)
                with pytest.raises(SessionEnded):
                    async with joined(service, session_id):
                        pass

    async def test_nobody_joins_what_is_not_there(self) -> None:
        service = fake_service(runtime_limits=RuntimeLimits(attachments=2))
        with pytest.raises(SessionEnded, match="sess_nobody"):
            async with joined(service, "sess_nobody"):
                pass
        async with connected(service, shared=True) as client:
            session_id = await id_of(client)
            async with joined(service, session_id):
                with pytest.raises(TooManyAttachments):
                    async with joined(service, session_id):
                        pass
            async with joined(service, session_id) as next_one:
                await next_one.wire.wait_for("session.created")
        with pytest.raises(SessionEnded):
            async with joined(service, session_id):
                pass

    async def test_a_bug_of_a_late_ones_dialect_ends_the_session_in_words(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Broken(WireCodec):
            def encode(self, event: object, event_id: str) -> bytes:
                raise KeyError("a bug of the dialect")

        service = fake_service()
        async with connected(service, shared=True) as client:
            session_id, wire = await id_of(client), MemoryTransport()
            async with service.join(session_id, codec=Broken(Variant(dialect=Dialect.GA)), transport=wire):
                assert (await client.wire.wait_closed())[0] is CloseReason.INTERNAL_ERROR
        assert "ended by an internal error" in caplog.text


async def test_a_slow_observer_stops_no_answer_and_is_dropped_at_its_own_bound() -> None:
    limits = RuntimeLimits(outbox_high_bytes=20_000, outbox_low_bytes=5_000, observer_limit_bytes=200_000)
    service = fake_service(fake_deployment(llm=FakeLlm("word " * 200)), runtime_limits=limits)
    async with connected(service, shared=True) as client, joined(service, await id_of(client)) as slow:
        await slow.wire.wait_for("session.created")
        slow.wire.reading.clear()
        await client.send("response.create")
        done = await client.wire.wait_for("response.done")
        assert done["response"]["status"] == "completed"
        assert client.spoken_ms() == 60 * 1000
        assert await slow.wire.wait_closed() == (CloseReason.NOT_READING, CloseReason.NOT_READING.value)
        await client.send("response.create", response={"output_modalities": ["text"]})
        await client.wire.wait_for("response.done", 2)
    assert service.budget.used == 0


class TestOpening:
    """What others say by their first event, those who send none have said for them."""

    async def test_with_settings(self) -> None:
        patch = SessionPatch(instructions="Sell flowers.", turn_detection=ServerVad(silence_duration_ms=700))
        async with opened(fake_service(), patch) as client:
            await client.configure(tools=[])
            assert client.wire.types == ["session.created", "session.updated"]
            session = client.wire.events[0]["session"]
            assert session["instructions"] == "Sell flowers."
            assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 700

    async def test_with_settings_that_are_wrong(self) -> None:
        before = runtime_tasks()
        service = fake_service()
        with pytest.raises(ClientError, match="transcription session update"):
            async with opened(service, SessionPatch(kind=SessionKind.TRANSCRIPTION)):
                pass
        assert service.sessions == 0
        assert runtime_tasks() <= before

    async def test_with_settings_that_the_deployment_lacks(self) -> None:
        async with opened(fake_service(), SessionPatch(voice="nobody", instructions="Hum.")) as client:
            refused = (await client.wire.wait_for("error"))["error"]
            assert (refused["code"], refused["param"]) == ("unsupported_value", "session.audio.output.voice")
            assert client.wire.types == ["session.created", "error"]
            assert client.wire.events[0]["session"]["instructions"] == "Hum."

    async def test_the_recogniser_gets_ready_for_them(self) -> None:
        stt = FakeStt("hello")
        service = fake_service(fake_deployment(stt=stt))
        await default_of(service)
        before = len(stt.prepared)
        async with opened(service, SessionPatch(instructions="Sell flowers.")) as client:
            await client.append(loud(700) + quiet(600))
            await client.wire.wait_for("response.done")
            assert len(stt.prepared) == before + 1

    async def test_with_a_greeting_that_is_made_up(self) -> None:
        llm = FakeLlm("Good morning, flowers and more.")
        greeting = ResponseParams(instructions="Greet the caller.")
        async with opened(fake_service(fake_deployment(llm=llm)), greeting=greeting) as client:
            done = await client.wire.wait_for("response.done")
            assert client.wire.types[:2] == ["session.created", "response.created"]
            assert done["response"]["output"][0]["content"][0]["transcript"] == "Good morning, flowers and more."
        assert llm.requests[0].instructions == "Greet the caller."

    async def test_with_a_greeting_in_fixed_words(self) -> None:
        llm = FakeLlm()
        words = "Welcome. This call may be answered by a machine."
        async with opened(fake_service(fake_deployment(llm=llm)), greeting=ResponseParams(words=words)) as client:
            done = await client.wire.wait_for("response.done")
            assert done["response"]["status"] == "completed"
            assert done["response"]["output"][0]["content"][0]["transcript"] == words
            assert client.spoken_ms() == 60 * len(words)
            assert not llm.requests, "no language engine was asked"
            await client.say_text("And who are you?")
            await client.send("response.create")
            await client.wire.wait_for("response.done", 2)
        assert [type(item).__name__ for item in llm.requests[0].items] == ["MessageItem", "MessageItem"]


class TestSound:
    """An attachment of another kind, made in a test: the runtime did not have to know."""

    async def test_a_call(self) -> None:
        llm, stt = FakeLlm("It is sunny."), FakeStt("what is the weather")
        service = fake_service(fake_deployment(llm=llm, stt=stt))
        async with called(service, greeting=ResponseParams(words="Hello?")) as (live, telephone):
            async with joined(service, live.id) as observer:
                await play_until(telephone, observer, "response.done")
                assert AudioFormat.PCM16.duration_ms(len(telephone.played)) == 60 * len("Hello?")
                telephone.say(loud(700) + quiet(600))
                done = await play_until(telephone, observer, "response.done", 2)
                assert done["response"]["output"][0]["content"][0]["transcript"] == "It is sunny."
                assert AudioFormat.PCM16.duration_ms(len(telephone.played)) == 60 * len("Hello?It is sunny.")
                telephone.hang_up()
                assert (await observer.wire.wait_closed())[0] is CloseReason.ENDED
            async with asyncio.timeout(5):
                await telephone.closed.wait()
            assert telephone.ending is CloseReason.CLIENT_LEFT

    async def test_answers_wait_for_the_pace_of_speech(self) -> None:
        words = " ".join(["word"] * 100)
        service = fake_service(fake_deployment(llm=FakeLlm(words)))
        async with called(service, greeting=ResponseParams()) as (live, telephone):
            async with joined(service, live.id) as observer:
                for _ in range(100):
                    await asyncio.sleep(0)
                assert MOST_HELD_MS <= telephone.held_ms < 2 * MOST_HELD_MS
                assert not observer.wire.all("response.done")
                await play_until(telephone, observer, "response.done")
                assert AudioFormat.PCM16.duration_ms(len(telephone.played)) == 60 * len(words)

    async def test_speech_interrupts_what_is_played_and_keeps_what_was_heard(self) -> None:
        llm, stt = FakeLlm("Once upon a time there was a king."), FakeStt("stop please")
        service = fake_service(fake_deployment(llm=llm, stt=stt))
        async with called(service, greeting=ResponseParams()) as (live, telephone):
            async with joined(service, live.id) as observer:
                for _ in range(100):
                    await asyncio.sleep(0)
                telephone.play(300)
                assert telephone.held_ms > 0
                telephone.say(loud(300))
                truncated = await observer.wire.wait_for("conversation.item.truncated")
                assert truncated["audio_end_ms"] == 300
                assert telephone.held_ms == 0
                assert len(telephone.played) == AudioFormat.PCM16.size_of(300)

    async def test_it_learns_in_which_format_it_is_heard(self) -> None:
        patch = SessionPatch(input_format=AudioFormat.ULAW)
        service = fake_service()
        async with called(service, patch=patch) as (live, telephone):
            assert telephone.config is not None
            assert telephone.config.input_format is AudioFormat.ULAW
            async with joined(service, live.id) as observer:
                await observer.configure(audio={"input": {"format": {"type": "audio/pcm", "rate": 24000}}})
                assert telephone.config.input_format is AudioFormat.PCM16
