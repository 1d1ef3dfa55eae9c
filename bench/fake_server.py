"""Voxwire with the real server, core, codec and speech detection, on engines that answer at once.

Speech detection is as the settings say, such as VOXWIRE_VAD='{"name":"silero","kernel":"numpy"}'.

python bench/fake_server.py PORT [--embedded | --delayed [--drafts] | --store text|text+audio]
"""

import sys
from collections import deque
from dataclasses import replace

from fixed_delay import FixedStt, FixedTts, fixed_llm
from voxwire.audio.pcm import AudioFormat
from voxwire.config import Settings
from voxwire.engines.registry import load
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime import DeploymentTerms, RuntimeLimits, Service
from voxwire.server.app import create_app
from voxwire.server.build import build_service
from voxwire.server.net.listen import NetworkListener
from voxwire.server.net.run import run_server
from voxwire.session import Limits
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts

_SESSIONS = 4000


def main() -> None:
    settings = Settings.model_validate({"server": {"port": int(sys.argv[1]), "max_sessions": _SESSIONS}})
    vad = load("vad", "silero", settings.vad.options if settings.vad else {})
    service = build_service(settings) if "--embedded" in sys.argv else _on_fakes(vad)
    if "--delayed" in sys.argv:
        service = _on_delayed(vad, drafts=2 if "--drafts" in sys.argv else 0)
    listener = NetworkListener.open(settings.server)
    try:
        run_server(create_app(settings, service), settings, listener, lambda: None)
    finally:
        listener.close()


#: The ears take the rates of the wire, as the embedded recogniser, which resamples in its worker.
_RATES = tuple({format.rate for format in AudioFormat})


def _on_delayed(vad: VadEngine, drafts: int) -> Service:
    deployment = fake_deployment(stt=FixedStt(rates=_RATES, interims=True), llm=fixed_llm(), tts=FixedTts())
    return fake_service(deployment, vad=vad, limits=Limits(max_drafts_per_turn=drafts))


def _on_fakes(vad: VadEngine) -> Service:
    stt, llm, tts = FakeStt(rates=_RATES), FakeLlm(), FakeTts()
    # Fakes remember all that they were asked, for tests to look at; here they run too long for that.
    stt.streams, llm.requests, tts.streams = deque(maxlen=1), deque(maxlen=1), deque(maxlen=1)
    store = sys.argv[sys.argv.index("--store") + 1] if "--store" in sys.argv else "none"
    deployment = fake_deployment(stt=stt, llm=llm, tts=tts)
    return fake_service(
        replace(deployment, terms=DeploymentTerms(store=store)),
        vad=vad,
        runtime_limits=RuntimeLimits(sessions=_SESSIONS),
    )


if __name__ == "__main__":
    main()
