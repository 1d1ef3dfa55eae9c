"""What a session uses, response by response, for whoever keeps records of it."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from voxwire.audio.pcm import AudioFormat
from voxwire.events.response import TokenUsage
from voxwire.events.server import AudioDelta
from voxwire.interfaces.commands import UsageCounted
from voxwire.runtime.principal import Principal

_NOTHING: Final = TokenUsage()


class UsageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What one response has used, and who is to answer for it.

    `at_ms` is when it ended, in milliseconds since 1970. `audio_in_ms` is all audio that came since the record before
    of this session, silence among it; `audio_out_ms` what the response has sent. `response` is None where there was
    none: for the audio that came after the last one, and for a draft that was dropped, which is `wasted`.
    """

    at_ms: int
    principal: Principal
    deployment: str
    session: str
    response: str | None = None
    wasted: bool = False
    usage: TokenUsage = _NOTHING
    audio_in_ms: int = 0
    audio_out_ms: int = 0


class UsageLog(Protocol):
    """Where records go. Asked on the event loop; waits for nothing, and never raises."""

    def record(self, record: UsageRecord) -> None: ...


class UsageMeter:
    """Counts for one session. Nothing is counted where nobody keeps records."""

    def __init__(
        self,
        logs: Sequence[UsageLog],
        *,
        principal: Principal,
        deployment: str,
        session: str,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._logs = logs
        self._principal = principal
        self._deployment = deployment
        self._session = session
        self._wall_clock = wall_clock
        self._input_bytes_per_ms = AudioFormat.PCM16.bytes_per_ms
        self._heard_ms = 0.0
        self._spoken_ms: defaultdict[str, float] = defaultdict(float)

    def expect(self, format: AudioFormat) -> None:
        """The audio that comes from now on has this format."""
        self._input_bytes_per_ms = format.bytes_per_ms

    def heard(self, size: int) -> None:
        """So many bytes of audio came."""
        if self._logs:
            self._heard_ms += size / self._input_bytes_per_ms

    def spoke(self, delta: AudioDelta) -> None:
        """Audio of a response was sent."""
        if self._logs:
            self._spoken_ms[delta.response_id] += len(delta.pcm) / 2 / delta.format.rate * 1000

    def count(self, used: UsageCounted) -> None:
        """A response has ended, or a draft."""
        spoken_ms = 0.0 if used.response_id is None else self._spoken_ms.pop(used.response_id, 0.0)
        self._record(
            response=used.response_id, wasted=used.response_id is None, usage=used.usage, audio_out_ms=round(spoken_ms)
        )

    def end(self) -> None:
        """The session has ended: what it heard since the last response counts, too."""
        if self._heard_ms >= 1:
            self._record()

    def _record(
        self,
        *,
        response: str | None = None,
        wasted: bool = False,
        usage: TokenUsage = _NOTHING,
        audio_out_ms: int = 0,
    ) -> None:
        if not self._logs:
            return
        heard_ms = int(self._heard_ms)
        self._heard_ms -= heard_ms
        record = UsageRecord(
            at_ms=int(self._wall_clock() * 1000),
            principal=self._principal,
            deployment=self._deployment,
            session=self._session,
            response=response,
            wasted=wasted,
            usage=usage,
            audio_in_ms=heard_ms,
            audio_out_ms=audio_out_ms,
        )
        for log in self._logs:
            log.record(record)
