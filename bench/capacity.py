"""(d) and (e): how many sessions one process on one core holds, and what a session costs.

Every session streams speech in real time with detection on. A number of sessions is held when, at
the 95th percentile, a `session.update` sent behind the appends is answered within 100 ms, and
`speech_started` comes no later than 100 ms after the append that completed its window. Runs in which
the generator fell behind, or the server waited more than 10 % of the time for a processor, prove
nothing: they are thrown away and reported as such.
"""

import asyncio
import re
from dataclasses import dataclass, field
from time import perf_counter

from client import Client, append_frames, frame
from servers import Server

LAG_MS = 100.0
SETTLE_S = 2.0
MEASURE_S = 5.0
PADDING_MS = 300
_PROBES = 20


def configure() -> bytes:
    """Detection on; no turn is answered."""
    detection = {
        "type": "server_vad",
        "prefix_padding_ms": PADDING_MS,
        "silence_duration_ms": 500,
        "create_response": False,
        "interrupt_response": False,
    }
    session = {"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
    return frame({"type": "session.update", "session": session})


PROBE = frame({"type": "session.update", "session": {"type": "realtime"}})
_START = re.compile(rb'"audio_start_ms":(\d+)')


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the sorted values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


@dataclass
class Run:
    """What one stage measured; times in milliseconds."""

    sessions: int
    frame_ms: int
    seconds: float = 0.0
    updates: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    waited_s: float = 0.0
    lost: int = 0

    @property
    def update_p95(self) -> float:
        return percentile(self.updates, 0.95)

    @property
    def start_p95(self) -> float:
        return percentile(self.starts, 0.95)

    @property
    def cpu_share(self) -> float:
        return self.cpu_s / self.seconds

    @property
    def cpu_us_per_session_second(self) -> float:
        return self.cpu_s / self.seconds / self.sessions * 1e6

    @property
    def fault(self) -> str | None:
        """Why the run proves nothing; None when it is sound."""
        if percentile(self.late, 0.95) > 20:
            return f"the generator fell behind ({percentile(self.late, 0.95):.0f} ms at p95)"
        if self.waited_s / self.seconds > 0.10:
            return f"the server waited {self.waited_s / self.seconds:.0%} of the time for a processor"
        return None

    @property
    def held(self) -> bool:
        return not self.lost and max(self.update_p95, self.start_p95) <= LAG_MS


class Speaker:
    """One session of the load: streams a loop of speech and watches what comes back."""

    def __init__(self, client: Client, frames: list[bytes], frame_ms: int, phase: int, run_of: "Load") -> None:
        self.client = client
        self._frames = frames
        self._frame_ms = frame_ms
        self._next = phase % len(frames)
        self._sent_at: list[float] = []
        self._asked_at: float | None = None
        self._load = run_of
        client.on_event = self._event
        client.send(configure())

    def speak(self) -> None:
        self.client.send(self._frames[self._next])
        self._next = (self._next + 1) % len(self._frames)
        self._sent_at.append(perf_counter())

    def probe(self) -> None:
        if self._asked_at is None:
            self._asked_at = perf_counter()
            self.client.send(PROBE)

    def _event(self, payload: bytes, at: float) -> None:
        kind = payload[:80]
        if b"session.updated" in kind:
            if self._asked_at is not None:
                self._load.run.updates.append((at - self._asked_at) * 1000)
                self._asked_at = None
        elif b"speech_started" in kind and (match := _START.search(payload)):
            start = int(match[1])
            # The turn begins with the window after the padding; at the stream's start there is less.
            index = -(-(start + PADDING_MS + 32) // self._frame_ms) - 1
            if start and index < len(self._sent_at):
                self._load.run.starts.append((at - self._sent_at[index]) * 1000)


class Load:
    """Sessions against one server, added step by step."""

    def __init__(self, server: Server, pcm: bytes, frame_ms: int) -> None:
        self._server = server
        self._frame_ms = frame_ms
        self._frames = append_frames(pcm, frame_ms)
        self._speakers: list[Speaker] = []
        self.run = Run(0, frame_ms)

    async def measure(self, sessions: int) -> Run:
        """Hold `sessions` sessions for a while and say how it went."""
        while len(self._speakers) < sessions:
            client = await Client.connect(self._server.port, self._server.path)
            number = len(self._speakers)
            self._speakers.append(Speaker(client, self._frames, self._frame_ms, number * 37, self))
        self.run = Run(sessions, self._frame_ms)
        await self._stream(SETTLE_S)
        self.run = Run(sessions, self._frame_ms)
        before, started = self._server.usage(), perf_counter()
        await self._stream(MEASURE_S)
        after, self.run.seconds = self._server.usage(), perf_counter() - started
        self.run.cpu_s = after.cpu_s - before.cpu_s
        self.run.waited_s = after.waited_s - before.waited_s
        self.run.lost = sum(speaker.client.closed.done() for speaker in self._speakers)
        # Probes that never came back count with the time they have waited.
        now = perf_counter()
        self.run.updates += [
            (now - speaker._asked_at) * 1000 for speaker in self._speakers if speaker._asked_at is not None
        ]
        return self.run

    def close(self) -> None:
        for speaker in self._speakers:
            speaker.client.close()

    async def _stream(self, seconds: float) -> None:
        """Send every session's frames on time, evenly spread over a frame's length."""
        speakers, step = self._speakers, self._frame_ms / 1000
        count = len(speakers)
        probe_every = max(count // _PROBES, 1)
        started = perf_counter()
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
                self.run.late.append((perf_counter() - due) * 1000)


async def capacity(server: Server, pcm: bytes, frame_ms: int, start: int, report: list[str]) -> tuple[int, list[Run]]:
    """The largest number of sessions held, found by growing until two steps in a row fail."""
    load = Load(server, pcm, frame_ms)
    runs: list[Run] = []
    best, failures, sessions = 0, 0, start
    try:
        while failures < 2 and sessions < 4000:
            run = await load.measure(sessions)
            if run.fault:
                report.append(f"{server.name}, {frame_ms} ms, {sessions} sessions: thrown away, {run.fault}")
                run = await load.measure(sessions)
            runs.append(run)
            if run.held and not run.fault:
                best, failures = sessions, 0
            else:
                failures += 1
            sessions = int(sessions * 1.15) + 1
    finally:
        load.close()
    return best, runs
