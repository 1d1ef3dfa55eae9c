"""Voxwire with the real server, core, codec and speech detection, on engines that answer at once.

python bench/fake_server.py PORT [--embedded]
"""

import sys

from voxwire.audio.pcm import AudioFormat
from voxwire.config import Settings
from voxwire.engines.vad.silero import SileroVad
from voxwire.runtime.limits import RuntimeLimits
from voxwire.server.app import create_app
from voxwire.server.build import build_service
from voxwire.server.listen import Listener
from voxwire.server.run import run
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.service import fake_deployment, fake_service

_SESSIONS = 4000


def main() -> None:
    settings = Settings.model_validate({"server": {"port": int(sys.argv[1]), "max_sessions": _SESSIONS}})
    if "--embedded" in sys.argv:
        service = build_service(settings)
    else:
        # As the embedded recogniser, which resamples in its worker.
        ears = FakeStt(rates=tuple({format.rate for format in AudioFormat}))
        limits = RuntimeLimits(conversations=_SESSIONS)
        service = fake_service(fake_deployment(stt=ears), vad=SileroVad(), runtime_limits=limits)
    listener = Listener.open(settings.server)
    try:
        run(create_app(settings, service), settings, listener, lambda: None)
    finally:
        listener.close()


if __name__ == "__main__":
    main()
