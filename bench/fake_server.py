"""Voxwire with the real server, core, codec and speech detection, on engines that answer at once.

Settings of the environment hold, such as VOXWIRE_VAD='{"name":"silero","kernel":"numpy"}' or VOXWIRE_SERVER__WORKERS=2.

python bench/fake_server.py PORT [--embedded | --delayed [--drafts] | --store text|text+audio]
"""

import os
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fixed_delay import FixedStt, FixedTts, fixed_llm
from instant import InstantTts, instant_llm
from voxwire.audio.pcm import AudioFormat
from voxwire.auth import IdentitySecrets
from voxwire.config import Settings
from voxwire.engines.registry import load
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime import Deployment, DeploymentTerms, RuntimeLimits, Service
from voxwire.server.app import create_app
from voxwire.server.build import build_service
from voxwire.server.net.listen import NetworkListener
from voxwire.server.net.run import run_server
from voxwire.server.workers.conductor import run_workers
from voxwire.session import Limits
from voxwire.testing.fake_service import fake_deployment, fake_directory, fake_service
from voxwire.testing.fake_stt import FakeStt

_SESSIONS = 4000


def main() -> None:
    quiet = {"level": "warning", "access": False}  # of workers; a server of one process writes no log here
    server = {"port": int(sys.argv[1]), "max_sessions": _SESSIONS}
    settings = Settings.model_validate({"server": server, "logging": quiet})
    listener = NetworkListener.open(settings.server)
    try:
        if settings.server.workers > 1:
            _run_workers(settings, listener)
        else:
            run_server(create_app(settings, _service(settings)), settings, listener, lambda: None)
    finally:
        listener.close()


def _run_workers(settings: Settings, listener: NetworkListener) -> None:
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # where they find `build`
    program, build = "voxwire.cli.serve_worker", "fake_server:build"
    run_workers(settings, listener, lambda facts: None, program=program, identity=IdentitySecrets(), build=build)


def build(settings: Settings, ids: Callable[[str], str]) -> tuple[Service, None]:
    """The service of one of several workers."""
    vad, limits = _detector(settings), RuntimeLimits(sessions=_SESSIONS)
    return Service(directory=fake_directory(_instant()), vad=vad, runtime_limits=limits, ids=ids), None


def _service(settings: Settings) -> Service:
    if "--embedded" in sys.argv:
        return build_service(settings)
    if "--delayed" in sys.argv:
        return _on_delayed(_detector(settings), drafts=2 if "--drafts" in sys.argv else 0)
    return _on_fakes(_detector(settings))


def _detector(settings: Settings) -> VadEngine:
    return load("vad", "silero", settings.vad.options if settings.vad else {})


#: The ears take the rates of the wire, as the embedded recogniser, which resamples in its worker.
_RATES = tuple({format.rate for format in AudioFormat})


def _on_delayed(vad: VadEngine, drafts: int) -> Service:
    deployment = fake_deployment(stt=FixedStt(rates=_RATES, interims=True), llm=fixed_llm(), tts=FixedTts())
    return fake_service(deployment, vad=vad, limits=Limits(max_drafts_per_turn=drafts))


def _on_fakes(vad: VadEngine) -> Service:
    store = sys.argv[sys.argv.index("--store") + 1] if "--store" in sys.argv else "none"
    deployment = replace(_instant(), terms=DeploymentTerms(store=store))
    return fake_service(deployment, vad=vad, runtime_limits=RuntimeLimits(sessions=_SESSIONS))


def _instant() -> Deployment:
    stt, llm, tts = FakeStt(rates=_RATES), instant_llm(), InstantTts()
    # Fakes remember all that they were asked, for tests to look at; here they run too long for that.
    stt.streams, llm.requests = deque(maxlen=1), deque(maxlen=1)
    return fake_deployment(stt=stt, llm=llm, tts=tts)


if __name__ == "__main__":
    main()
