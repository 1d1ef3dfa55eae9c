"""The load: sessions that stream speech in real time, with detection on, to one server.

A session sends a `session.update` behind its audio now and then, and the time until it is answered is the lag of the
server. `speech_started` shows a second lag: how late it comes after the append that completed its window.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import msgspec

from address import Address
from client import Client, ServerFull, append_frames, frame
from figures import percentile
from servers import Usage

LAG_MS = 100.0
SETTLE_S = 2.0
MEASURE_S = 5.0
PADDING_MS = 300
_PROBES = 20
#: How late the generator may be, and which share of the time the server may wait for a processor, at most.
_LATE_MS, _WAITED = 20.0, 0.10
_PATIENCE_S = 10.0
#: To get a session into a server that says that it is full.
_TRIES = 20
_SERVER_VAD = {
    "type": "server_vad",
    "prefix_padding_ms": PADDING_MS,
    "silence_duration_ms": 500,
    "create_response": False,
    "interrupt_response": False,
}


class Loaded(Protocol):
    """A server under load. `judges_detection`: whether `speech_started` tells its lag, as it does with ours."""

    name: str
    address: Address
    judges_detection: bool

    def usage(self) -> Usage: ...


@dataclass(frozen=True)
class Wire:
    """How a session is set up: detection on, and no turn is answered."""

    preview: bool = False
    detection: dict[str, Any] = field(default_factory=lambda: dict(_SERVER_VAD))

    @property
    def opening(self) -> bytes:
        if self.preview:
            return self._update({"turn_detection": self.detection})
        return self._update({"audio": {"input": {"turn_detection": self.detection}}})

    @property
    def probe(self) -> bytes:
        """Changes nothing, and is answered."""
        return self._update({})

    def _update(self, session: dict[str, Any]) -> bytes:
        kind = {} if self.preview else {"type": "realtime"}
        return frame({"type": "session.update", "session": {**kind, **session}})


class ServerEvent(msgspec.Struct):
    """What the load reads of an event."""

    type: str
    audio_start_ms: int | None = None
    error: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(ServerEvent).decode


@dataclass
class Stage:
    """What one measurement with a number of sessions found; times in milliseconds."""

    sessions: int
    frame_ms: int
    judges_detection: bool = True
    seconds: float = 0.0
    updates: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    waited_s: float = 0.0
    #: Sessions that the server refused or ended, and why the first one was refused.
    lost: int = 0
    refusal: str = ""
    #: `speech_started` events.
    turns: int = 0
    #: Answers begun although none was asked for, and errors, of which the first is kept.
    answers: int = 0
    errors: int = 0
    first_error: str = ""

    @property
    def update_p95(self) -> float:
        return percentile(self.updates, 0.95)

    @property
    def start_p95(self) -> float:
        return percentile(self.starts, 0.95)

    @property
    def cpu_share(self) -> float:
        return self.cpu_s / self.seconds if self.seconds else 0.0

    @property
    def cpu_us_per_frame(self) -> float | None:
        """Microseconds of processor for each frame sent; None where the server's process is not known."""
        return self.cpu_s / len(self.late) * 1e6 if self.late and self.cpu_s else None

    @property
    def generator_fault(self) -> str | None:
        late = percentile(self.late, 0.95)
        return f"the generator fell behind ({late:.0f} ms at p95)" if late > _LATE_MS else None

    @property
    def fault(self) -> str | None:
        """What disturbed the measurement; None when it is sound."""
        if self.generator_fault is None and self.seconds and self.waited_s / self.seconds > _WAITED:
            return f"the server waited {self.waited_s / self.seconds:.0%} of the time for a processor"
        return self.generator_fault

    @property
    def behind(self) -> bool:
        """Whether much of what was sent had not been handled at the end, so that no cost of a frame can be told."""
        return self.update_p95 > 5 * LAG_MS

    @property
    def held(self) -> bool:
        lags = [self.update_p95, self.start_p95 if self.judges_detection else 0.0]
        return not self.lost and max(lags) <= LAG_MS


class Speaker:
    """One session of the load: streams a loop of speech and watches what comes back."""

    def __init__(self, client: Client, frames: list[bytes], phase: int, load: "Load") -> None:
        self.client = client
        #: When the probe was sent that is not answered yet.
        self.asked_at: float | None = None
        self._frames = frames
        self._next = phase % len(frames)
        self._sent_at: list[float] = []
        self._load = load
        client.on_event = self._event
        client.send(load.wire.opening)

    def speak(self) -> None:
        self.client.send(self._frames[self._next])
        self._next = (self._next + 1) % len(self._frames)
        self._sent_at.append(perf_counter())

    def probe(self) -> None:
        if self.asked_at is None:
            self.asked_at = perf_counter()
            self.client.send(self._load.wire.probe)

    def _event(self, payload: bytes, at: float) -> None:
        event, stage = _decode(payload), self._load.stage
        if event.type == "session.updated":
            if self.asked_at is not None:
                stage.updates.append((at - self.asked_at) * 1000)
                self.asked_at = None
        elif event.type == "input_audio_buffer.speech_started":
            stage.turns += 1
            # The turn begins with the window after the padding; at the stream's start there is less.
            index = -(-((event.audio_start_ms or 0) + PADDING_MS + 32) // stage.frame_ms) - 1
            if event.audio_start_ms and index < len(self._sent_at):
                stage.starts.append((at - self._sent_at[index]) * 1000)
        elif event.type == "response.created":
            stage.answers += 1
        elif event.type == "error":
            stage.errors += 1
            stage.first_error = stage.first_error or str((event.error or {}).get("message"))


class Load:
    """Sessions against one server, as many as each measurement asks for."""

    def __init__(self, server: Loaded, pcm: bytes, frame_ms: int, wire: Wire | None = None) -> None:
        self.server = server
        self.wire = wire or Wire()
        self._frame_ms = frame_ms
        self._frames = append_frames(pcm, frame_ms)
        self._speakers: list[Speaker] = []
        self.stage = self._empty(0)

    async def measure(self, sessions: int, seconds: float = MEASURE_S, settle_s: float = SETTLE_S) -> Stage:
        """Hold `sessions` sessions for a while and say how it went."""
        for speaker in self._speakers[sessions:]:
            speaker.client.close()
        self._speakers = [each for each in self._speakers[:sessions] if not each.client.closed.done()]
        stage = self.stage = self._empty(sessions)
        before, started = self.server.usage(), perf_counter()
        try:
            await self._grow(sessions)
        except (OSError, TimeoutError) as error:
            self._account(stage, before, started)
            stage.lost = sessions - len(self._speakers)
            stage.refusal = str(error) or f"a session was not accepted within {_PATIENCE_S:.0f} s"
            return stage
        await self._stream(self._speakers, settle_s)
        stage = self.stage = self._empty(sessions)
        before, started = self.server.usage(), perf_counter()
        await self._stream(self._speakers, seconds)
        self._account(stage, before, started)
        stage.lost = sum(speaker.client.closed.done() for speaker in self._speakers)
        # Probes that never came back count with the time they have waited.
        now = perf_counter()
        waiting = [speaker for speaker in self._speakers if speaker.asked_at is not None]
        stage.updates += [(now - speaker.asked_at) * 1000 for speaker in waiting if speaker.asked_at is not None]
        self.stage = self._empty(sessions)  # what comes late is not counted twice
        return stage

    def close(self) -> None:
        for speaker in self._speakers:
            speaker.client.close()
        self._speakers.clear()

    def _account(self, stage: Stage, before: Usage, started: float) -> None:
        used, stage.seconds = self.server.usage() - before, perf_counter() - started
        stage.cpu_s, stage.waited_s = used.cpu_s, used.waited_s

    def _empty(self, sessions: int) -> Stage:
        return Stage(sessions, self._frame_ms, self.server.judges_detection)

    async def _grow(self, sessions: int) -> None:
        while len(self._speakers) < sessions:
            async with asyncio.timeout(_PATIENCE_S):
                client = await admitted(self.server.address)
            self._speakers.append(Speaker(client, self._frames, len(self._speakers) * 37, self))

    async def _stream(self, speakers: Sequence[Speaker], seconds: float) -> None:
        """Send every session's frames on time, evenly spread over a frame's length."""
        step, count = self._frame_ms / 1000, len(speakers)
        probe_every = max(count // _PROBES, 1)
        late, started = self.stage.late, perf_counter()
        for tick in range(int(seconds / step)):
            base = started + tick * step
            for index, speaker in enumerate(speakers):
                due = base + step * index / count
                now = perf_counter()
                if now < due - 0.0005:
                    await asyncio.sleep(due - now)
                elif index % 32 == 0:
                    await asyncio.sleep(0)
                speaker.speak()
                if index % probe_every == tick % probe_every and (tick * self._frame_ms) % 500 < self._frame_ms:
                    speaker.probe()
                late.append((perf_counter() - due) * 1000)


async def admitted(address: Address) -> Client:
    """A session; asked for again while the server is full, as one that is late for a moment may say."""
    for _ in range(_TRIES):
        try:
            return await Client.open(address)
        except ServerFull:
            await asyncio.sleep(_PATIENCE_S / 2 / _TRIES)
    return await Client.open(address)


async def trial(server: Loaded, wire: Wire) -> None:
    """One session: ConnectionError says why this server could not be measured."""
    answered: asyncio.Future[ServerEvent] = asyncio.get_running_loop().create_future()

    def watch(payload: bytes, _: float) -> None:
        event = _decode(payload)
        if event.type in ("session.updated", "error") and not answered.done():
            answered.set_result(event)

    try:
        async with asyncio.timeout(_PATIENCE_S):
            client = await admitted(server.address)
            client.on_event = watch
            client.send(wire.opening)
            event = await answered
    except TimeoutError:
        raise ConnectionError(
            f"{server.name}: no session.updated came within {_PATIENCE_S:.0f} s after a session.update."
        ) from None
    except OSError as error:
        raise ConnectionError(f"{server.name}: {error}") from error
    client.close()
    if event.type == "error":
        raise ConnectionError(f"{server.name} refused the settings of the load: {(event.error or {}).get('message')}")
