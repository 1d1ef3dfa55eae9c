"""Between a session and what it may use: answers that are refused, audio that is not heard, and what is left.

Audio beyond the quota is not heard. While somebody speaks it is heard as silence, so that the turn in which the quota
ended comes to its end by the session's own rules, as if the person had stopped there.
"""

from collections.abc import Callable
from typing import Final

from voxwire.audio.convert import from_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import AppendAudio
from voxwire.events.server import ErrorOccurred
from voxwire.interfaces.commands import Output, StartResponse, TakeDraft, UsageCounted
from voxwire.interfaces.inputs import Generated, QuotaChanged
from voxwire.runtime.allowance import Allowance, QuotaExceeded, Unbounded

#: Of one message: no turn detection waits for a longer silence.
_MOST_SILENCE_MS: Final = 10_000


class QuotaGate:
    """Of one session. `over_quota` is told of each refusal, by the name of the limit."""

    def __init__(self, allowance: Allowance, over_quota: Callable[[str], None]) -> None:
        self._allowance = allowance
        self._unbounded = isinstance(allowance, Unbounded)
        self._over_quota = over_quota
        self.expect(AudioFormat.PCM16)
        self._told = False
        self.deaf = False
        """Whether the last audio was beyond the quota."""

    def expect(self, format: AudioFormat) -> None:
        """The audio that comes from now on has this format."""
        self._format = format
        self._bytes_per_ms = format.bytes_per_ms

    def hears(self, size: int) -> bool:
        """Whether audio of so many bytes may be heard. If so it is counted; else `hear` says what follows of that."""
        if self._unbounded:
            return True
        try:
            self._allowance.hear(size / self._bytes_per_ms)
        except QuotaExceeded:
            return False
        self.deaf = False
        return True

    def hear(self, event: AppendAudio, origin: int | None) -> ErrorOccurred | None:
        """Whether this audio may be heard. Of all that may not, the first is answered by an error: more of them would
        tell nothing new, fifty times a second."""
        try:
            self._allowance.hear(self._format.duration_ms(len(event.audio)))
        except QuotaExceeded as exceeded:
            if self.deaf:
                return None
            self.deaf = True
            self._over_quota(exceeded.limit)
            return ErrorOccurred(
                type=exceeded.type,
                code=exceeded.code,
                message=exceeded.message,
                event_id=event.event_id,
                origin=origin,
            )
        self.deaf = False
        return None

    def hushed(self, event: AppendAudio) -> AppendAudio:
        """Silence in the place of audio that may not be heard, of the same length."""
        size = min(len(event.audio), self._format.size_of(_MOST_SILENCE_MS))
        samples = size // self._format.sample_bytes
        return AppendAudio(audio=from_pcm(bytes(2 * samples), self._format))

    def begin(self, output: Output) -> Generated | None:
        """Reserve what an answer, or a draft, is about to use; where it may not, what the session is told instead."""
        if isinstance(output, TakeDraft):
            self._allowance.take(output.response_id)
        if not isinstance(output, StartResponse):
            return None
        try:
            self._allowance.begin(output.response_id, output.tokens)
        except QuotaExceeded as exceeded:
            if output.response_id is not None:  # nobody asked for the draft
                self._over_quota(exceeded.limit)
            return Generated(output.generation, exceeded.refusal)
        return None

    def settle(self, used: UsageCounted) -> None:
        """An answer has ended, or a draft."""
        self._allowance.settle(used.response_id, used.usage)

    def left(self) -> QuotaChanged | None:
        """What the session is told of what is left; None where there never was a bound."""
        left = self._allowance.left()
        if not left and not self._told:
            return None
        self._told = bool(left)
        return QuotaChanged(rate_limits=left)
