"""What can go wrong with a recogniser that is a server of somebody else."""

from typing import Final

from voxwire.engines.remote.endpoint_failures import Failures

STT_FAILURES: Final = Failures("stt", "speech recogniser")
