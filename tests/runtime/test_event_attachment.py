"""Audio that a client sends by the short way: heard as any other, and held back as any other."""

import asyncio
import base64
from typing import Any

import msgspec
import pytest
from runtime_client import Client, connected

from voxwire.audio.pcm import AudioFormat
from voxwire.events.server import AudioDelta, SpeechStarted, SpeechStopped
from voxwire.runtime import event_attachment
from voxwire.runtime.live import LiveSession
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.session.session import Session
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_turn import FakeTurn
from voxwire.testing.fake_vad import loud, quiet

NOTHING_DETECTED = {"audio": {"input": {"turn_detection": None}}}


def append(pcm: bytes, **fields: Any) -> bytes:
    event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode(), **fields}
    return msgspec.json.encode(event)


async def committed(client: Client) -> bytes:
    """What the session has heard."""
    await client.send("input_audio_buffer.commit")
    item_id = (await client.wire.wait_for("input_audio_buffer.committed"))["item_id"]
    await client.send("conversation.item.retrieve", item_id=item_id)
    item = (await client.wire.wait_for("conversation.item.retrieved"))["item"]
    return base64.b64decode(item["content"][0]["audio"])


async def test_is_heard_in_its_order_among_what_comes_otherwise() -> None:
    pieces = [bytes([number]) * 1920 for number in range(8)]
    async with connected(fake_service()) as client:
        await client.configure(**NOTHING_DETECTED)
        for number, piece in enumerate(pieces):
            if number % 2:
                assert client.attachment.append(append(piece))
            else:
                assert client.attachment.offer(append(piece).decode())
        assert await committed(client) == b"".join(pieces)


async def test_what_changes_nothing_makes_no_input_of_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    def received(*event: object, **details: object) -> None:
        raise AssertionError("it is no event")

    async with connected(fake_service()) as client:
        await client.configure(**NOTHING_DETECTED)
        with monkeypatch.context() as watched:
            watched.setattr(LiveSession, "submit", received)
            watched.setattr(Session, "receive", received)
            assert client.attachment.append(append(b"\1\0" * 2400, event_id="mine"))
            assert client.attachment.append(append(b"\2\0" * 2400))
        assert await committed(client) == b"\1\0" * 2400 + b"\2\0" * 2400


@pytest.mark.parametrize(
    "frame", [b"", b"{", b'{"type":"input_audio_buffer.commit"}', append(b"\0\0", sound=1), b"\xff"]
)
async def test_everything_else_is_left_alone(frame: bytes) -> None:
    async with connected(fake_service()) as client:
        await client.wire.wait_for("session.created")
        assert not client.attachment.append(frame)
        await asyncio.sleep(0)
        assert client.wire.types == ["session.created"]


async def test_a_mistake_in_the_audio_is_told_with_the_id_of_its_event() -> None:
    async with connected(fake_service()) as client:
        assert client.attachment.append(append(b"\0\0\0", event_id="mine"))
        error = (await client.wire.wait_for("error"))["error"]
        assert (error["code"], error["param"], error["event_id"]) == ("invalid_value", "audio", "mine")
        assert error["message"] == "Invalid audio: 3 bytes are not a whole number of 16-bit samples."


async def test_waits_with_all_else_while_the_session_is_behind() -> None:
    async with connected(fake_service(runtime_limits=RuntimeLimits(unscored_ms=500))) as client:
        assert client.attachment.append(append(bytes(48_000)))
        assert not client.attachment.append(append(bytes(960)))
        async with asyncio.timeout(5):
            await client.attachment.receive(append(bytes(960)).decode())
        assert client.attachment.append(append(bytes(960)))


class SlowTurn(FakeTurn):
    """Votes when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_vote = asyncio.Event()

    async def score(self, audio: bytes, text: str) -> float:
        await self.may_vote.wait()
        return await super().score(audio, text)


async def test_waits_while_a_pause_is_judged_and_much_has_come_meanwhile() -> None:
    """The scores are there, and wait for the judgement."""
    turn = SlowTurn()
    service = fake_service(fake_deployment(turn=turn), runtime_limits=RuntimeLimits(unscored_ms=500))
    async with connected(service) as client, asyncio.timeout(5):
        await client.configure(audio={"input": {"turn_detection": {"type": "semantic_vad"}}})
        await client.append(loud(320) + quiet(192))
        for _ in range(15):  # and one window is there already
            assert client.attachment.append(append(quiet(32)))
        assert not client.attachment.append(append(quiet(32)))
        reading = asyncio.create_task(client.attachment.receive(append(quiet(32)).decode()))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not reading.done()
        turn.may_vote.set()
        await reading
        assert client.attachment.append(append(quiet(32)))


async def test_waits_while_its_client_does_not_read() -> None:
    service = fake_service(runtime_limits=RuntimeLimits(outbox_high_bytes=100, outbox_low_bytes=10))
    async with connected(service) as client:
        await client.wire.wait_for("session.created")
        client.wire.reading.clear()
        assert client.attachment.offer("{")
        assert not client.attachment.writable
        assert not client.attachment.append(append(bytes(960)))
        client.wire.reading.set()
        while not client.attachment.writable:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0)
        assert client.attachment.append(append(bytes(960)))


async def test_does_not_pass_a_large_frame_that_a_thread_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    may_read = asyncio.Event()
    to_thread = asyncio.to_thread

    async def slowly(*args: Any, **kwargs: Any) -> Any:
        await may_read.wait()
        return await to_thread(*args, **kwargs)

    large = b"\1\0" * 100_000
    async with connected(fake_service()) as client:
        await client.configure(**NOTHING_DETECTED)
        monkeypatch.setattr(event_attachment.asyncio, "to_thread", slowly)
        reading = asyncio.create_task(client.attachment.receive(append(large)))
        await asyncio.sleep(0)
        assert not client.attachment.append(append(b"\2\0" * 960))
        may_read.set()
        await reading
        assert client.attachment.append(append(b"\2\0" * 960))
        assert await committed(client) == large + b"\2\0" * 960


async def test_is_not_taken_after_the_end() -> None:
    async with connected(fake_service()) as client:
        client.attachment.closed.set()
        assert not client.attachment.append(append(bytes(960)))


async def test_a_bug_of_the_dialect_ends_the_session_in_words(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(fake_service()) as client:
        monkeypatch.setattr(client.attachment._codec, "append", lambda frame: 1 / 0)
        assert client.attachment.append(append(bytes(960))), "nobody else is to take it"
        error = (await client.wire.wait_for("error"))["error"]
        assert error["code"] == "internal_error"
        assert (await client.wire.wait_closed())[0].name == "INTERNAL_ERROR"
    assert "ZeroDivisionError" in caplog.text


async def test_what_somebody_waits_for_leaves_before_the_loop_goes_on() -> None:
    """The first sound of each answer, and that somebody speaks."""

    def sound(response_id: str) -> AudioDelta:
        return AudioDelta(
            response_id=response_id,
            item_id="item_1",
            output_index=0,
            content_index=0,
            pcm=bytes(4800),
            format=AudioFormat.PCM16,
        )

    speech = SpeechStarted(audio_start_ms=0, item_id="item_2"), SpeechStopped(audio_end_ms=1, item_id="item_2")
    async with connected(fake_service()) as client:
        await client.wire.wait_for("session.created")
        left = []
        for event in (
            sound("resp_1"),
            sound("resp_1"),
            sound("resp_2"),
            *speech,
        ):
            before = len(client.wire.events)
            client.attachment.send(event, "event_1")
            client.attachment.flush()
            left.append(len(client.wire.events) - before)
        assert left == [1, 0, 2, 1, 0], "and what waits before it"
