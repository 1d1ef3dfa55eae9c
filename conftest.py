"""What holds for every test of the repository."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A machine may stop for a moment, so no property is lost for how long an example took. The profile that Hypothesis
# has for continuous integration says the same.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

_ROOT = Path(__file__).parent
#: Folders whose tests keep real time beside programs of others, and why. On a shared machine that stops for a second,
#: one of them fails now and then. So they get a second try, which the report shows as "R"; no other test does.
_REAL_TIME = {
    "tests/browser": "a browser plays and records at the pace of its own sound card",
    "tests/clients": "clients as they are published, with deadlines that nobody here can set",
    "tests/cli": "programs are started, talked to and interrupted as at a terminal",
    "tests/talk": "whole spoken conversations at the pace of speech",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = {_ROOT / folder for folder in _REAL_TIME}
    for item in items:
        if not folders.isdisjoint(item.path.parents):
            item.add_marker(pytest.mark.real_time)
            item.add_marker(pytest.mark.flaky(reruns=1))
