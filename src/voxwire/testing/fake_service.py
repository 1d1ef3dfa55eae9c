"""A whole service on fake engines."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from voxwire.interfaces.llm import LlmEngine
from voxwire.interfaces.stt import SttEngine
from voxwire.interfaces.tts import TtsEngine
from voxwire.interfaces.turn import TurnEngine
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime.allowance import Quotas
from voxwire.runtime.deployment import Deployment, capabilities_of
from voxwire.runtime.directory import Hosted, LocalDirectory
from voxwire.runtime.leases import EngineLeases
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.runtime.service import Service
from voxwire.runtime.usage_meter import UsageLog
from voxwire.session.limits import Limits
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import FakeVad


def fake_deployment(
    *,
    name: str = "gpt-realtime",
    stt: SttEngine | None = None,
    llm: LlmEngine | None = None,
    tts: TtsEngine | None = None,
    turn: TurnEngine | None = None,
    instructions: str = "",
) -> Deployment:
    """A deployment whose engines answer at once, unless others are given."""
    stt, llm, tts = stt or FakeStt(), llm or FakeLlm(), tts or FakeTts()
    return Deployment(
        name=name,
        stt=stt,
        llm=llm,
        tts=tts,
        turn=turn,
        capabilities=capabilities_of(stt, llm, tts, turn),
        instructions=instructions,
    )


def hosted(deployment: Deployment, leases: EngineLeases) -> Hosted:
    """A deployment as a directory has it, not yet started."""
    engines = {"stt": deployment.stt, "llm": deployment.llm, "tts": deployment.tts, "turn": deployment.turn}
    wanted = {stage: (id(engine), partial(_same, engine)) for stage, engine in engines.items() if engine is not None}
    return Hosted(deployment.name, leases.lease(wanted), lambda _: deployment)


def _same(engine: Any) -> Any:
    return engine


def fake_directory(*deployments: Deployment, aliases: Mapping[str, str] | None = None) -> LocalDirectory:
    """These deployments; the first is the default."""
    leases = EngineLeases()
    found = [hosted(deployment, leases) for deployment in deployments]
    return LocalDirectory(found, default=deployments[0].name, aliases=aliases)


def fake_service(
    *deployments: Deployment,
    vad: VadEngine | None = None,
    limits: Limits | None = None,
    runtime_limits: RuntimeLimits | None = None,
    usage_logs: Sequence[UsageLog] = (),
    quotas: Quotas | None = None,
) -> Service:
    """A service of these deployments, or of one fake; the first is the default."""
    deployments = deployments or (fake_deployment(),)
    return Service(
        directory=fake_directory(*deployments),
        vad=vad or FakeVad(),
        limits=limits,
        runtime_limits=runtime_limits,
        usage_logs=usage_logs,
        quotas=quotas,
    )
