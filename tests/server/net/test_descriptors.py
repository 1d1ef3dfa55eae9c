"""Open files for as many sessions as may be: in a process of its own, for a limit cannot be raised again."""

import subprocess
import sys

import pytest

_SCRIPT = """
import logging, resource, sys
from voxwire.server.net.descriptors import make_room
soft, hard, sessions = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
logging.basicConfig(format="%(message)s")
make_room(sessions)
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def made(soft: int, hard: int, sessions: int) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(soft), str(hard), str(sessions)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize(
    ("soft", "sessions", "then"),
    [(512, 100, 512), (512, 256, 512), (512, 257, 513), (512, 500, 756)],
    ids=["ample", "enough", "one short", "too few"],
)
def test_the_limit_is_raised_as_far_as_the_sessions_need(soft: int, sessions: int, then: int) -> None:
    assert made(soft, 900, sessions) == (f"{then} 900", "")


def test_what_the_system_does_not_allow_is_said() -> None:
    limits, said = made(512, 900, 1000)
    assert limits == "900 900"
    assert said == (
        "1000 sessions may need 1256 open files and the system allows 900; raise ulimit -n or lower server.max_sessions"
    )
