"""Bounds of the runtime: how much may wait, and for how long."""

import msgspec


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """How long an engine may be silent while it has work, in seconds; past it the work fails.

    They are longer than the pools' own deadline for a free worker, so that `engine_busy` is reported
    as such.
    """

    llm_first_s: float = 30.0
    """From the request to the first words: a loaded remote model may queue."""
    llm_idle_s: float = 30.0
    """Between two pieces of an answer."""
    tts_s: float = 15.0
    """From the end of the text, or from the audio before, to more audio; also to accept text."""
    stt_s: float = 15.0
    """From the end of the utterance, or from the event before, to the next; also to accept audio."""
    turn_s: float = 0.5
    """For the judgement of a pause: after it, what is known by then decides, and nothing has failed."""


class RuntimeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one session and of the process, beside the session's own `Limits`."""

    sessions: int = 10_000
    """Running at once in one process: ten times what one core holds (docs/benchmarks.md). Transports refuse
    earlier, before a handshake."""
    outbox_high_bytes: int = 512 * 1024
    """Unsent frames at which producers pause: 8 seconds of PCM16 speech in base64."""
    outbox_low_bytes: int = 128 * 1024
    """Unsent frames at which they go on."""
    outbox_limit_bytes: int = 64 * 1024 * 1024
    """Unsent frames at which an attachment is dropped: above one `conversation.item.retrieved` with all
    retained audio (32 MiB, 43 MiB in base64), which is the largest single frame."""
    observer_limit_bytes: int = 8 * 1024 * 1024
    """The same for one that only looks on, for whom no answer waits: two minutes of speech that it is behind. The
    frame on its way and those not made yet do not count."""
    attachments: int = 8
    """Of one session at once."""
    write_deadline_s: float = 30.0
    """How long a peer may accept nothing before it is given up (protocol: limits, Connections)."""
    close_deadline_s: float = 5.0
    """How long the last frames and the close handshake may take."""
    unscored_ms: float = 10_000.0
    """Audio waiting for speech detection at which the reader pauses."""
    waiting_events: int = 16
    """Events waiting for the scores of earlier audio at which the reader pauses; each may be an append
    of 15 MiB."""
    waiting_bytes: int = 1024 * 1024
    """The same by their size: one large event may wait, the next is not read before."""
    message_bytes: int = 512 * 1024 * 1024
    """Messages of all clients that are unfinished or wait: see `voxwire.runtime.budget`."""
    untranscribed_ms: float = 30_000.0
    """Audio waiting for the recogniser at which the reader pauses: more than a long turn."""
    deadlines: Deadlines = Deadlines()
