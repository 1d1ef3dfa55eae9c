"""The one place where session core, engines and transports meet.

- `service`: what one process shares; `Service.converse` is the door for transports
- `attachment`: what may belong to a session; `event_attachment`, `outbox`: one connection, its way in and its bounded
  way out
- `live`: one session with its clock and work, its `audience`, and its `session_timer`; `live_sessions`: all that run
- `executor`: what a session asked for and is not finished: `cascade` (an answer, spoken through `voicing`,
  `speakable` and `chunker`, or through `own_voice` by an engine that speaks itself), `transcriber` (an utterance),
  `turn_judge` (a pause), `vad_batcher` (speech scores, one batch for all sessions)
- `revocable_sink`: the way of its results to the session
- `principal`: who a session acts for; `allowance`: what it may use, and `quota_gate`, which asks; `usage_meter`:
  records of what it has used
- `storing`: what is stored of conversations, and who stores it
- `directory`: which deployments there are and which of them are ready; `leases`: the engines that they share
- `deployment`: the engines behind a name; `foresight`: what its users are likely to say;
  `prewarming`: the beginning of a conversation, read before somebody speaks; `token_counter`: what its model
  reads, counted
- `failover`: one engine made of several, of which the next goes on where another fails
- `drafting`: whether there is room for an answer begun in a pause, and what came of them
- `engine_calls`: deadlines and failures of engines
- `contracts`: what the runtime needs of its neighbours; `runtime_limits`: its bounds; `budget`: the
  memory that messages of all clients share
- `seats`: how many sessions there may be; `load`: whether there is room for another one, measured; `newcomers`:
  whether those who have just come speak
- `content_guard`: who checks what is said
- `prompt_texts`: stored prompts become instructions
- `observer`: what is told to those who watch the process; `session_watch`: turns and audio of a session, for them;
  `stage_timing`: times of one piece of an engine's work; `trace_parent`: the trace that a client sees its request in
- `ids`, `notify`, `tasks`: identifiers, waking who waits, the tasks of one session
"""

from voxwire.runtime import failover
from voxwire.runtime.allowance import Allowance, QuotaExceeded, Quotas
from voxwire.runtime.attachment import Attachment, AttachmentRole
from voxwire.runtime.budget import TRY_AGAIN, TRY_AGAIN_LATER, Budget
from voxwire.runtime.content_guard import AnswerFiltered, ContentMonitor, SessionGuard
from voxwire.runtime.deployment import DEFAULT_VOICE, Deployment, DeploymentTerms, capabilities_of
from voxwire.runtime.directory import DeploymentGone, Directory, Hosted, LocalDirectory
from voxwire.runtime.event_attachment import EventAttachment
from voxwire.runtime.ids import new_id, worker_ids, worker_of
from voxwire.runtime.leases import EngineLease, EngineLeases
from voxwire.runtime.live import LiveSession
from voxwire.runtime.newcomers import Newcomer
from voxwire.runtime.notify import Flag, Notify
from voxwire.runtime.observer import (
    Arrival,
    Observer,
    Observers,
    SessionFacts,
    SessionObserver,
    StageWork,
    TurnFacts,
)
from voxwire.runtime.principal import LOCAL, UNBOUNDED, AccessRole, EphemeralGrant, Permission, Principal, Quota
from voxwire.runtime.prompt_texts import Prompt, checked_prompt, places
from voxwire.runtime.runtime_limits import Deadlines, RuntimeLimits
from voxwire.runtime.seats import OwnSeats, Seats
from voxwire.runtime.service import Service
from voxwire.runtime.storing import SessionArguments, SessionRecorder, StoringPolicy
from voxwire.runtime.trace_parent import TraceParent
from voxwire.runtime.usage_meter import UsageLog, UsageRecord

__all__ = [
    "DEFAULT_VOICE",
    "LOCAL",
    "TRY_AGAIN",
    "TRY_AGAIN_LATER",
    "UNBOUNDED",
    "AccessRole",
    "Allowance",
    "AnswerFiltered",
    "Arrival",
    "Attachment",
    "AttachmentRole",
    "Budget",
    "ContentMonitor",
    "Deadlines",
    "Deployment",
    "DeploymentGone",
    "DeploymentTerms",
    "Directory",
    "EngineLease",
    "EngineLeases",
    "EphemeralGrant",
    "EventAttachment",
    "Flag",
    "Hosted",
    "LiveSession",
    "LocalDirectory",
    "Newcomer",
    "Notify",
    "Observer",
    "Observers",
    "OwnSeats",
    "Permission",
    "Principal",
    "Prompt",
    "Quota",
    "QuotaExceeded",
    "Quotas",
    "RuntimeLimits",
    "Seats",
    "Service",
    "SessionArguments",
    "SessionFacts",
    "SessionGuard",
    "SessionObserver",
    "SessionRecorder",
    "StageWork",
    "StoringPolicy",
    "TraceParent",
    "TurnFacts",
    "UsageLog",
    "UsageRecord",
    "capabilities_of",
    "checked_prompt",
    "failover",
    "new_id",
    "places",
    "worker_ids",
    "worker_of",
]
