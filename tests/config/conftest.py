"""Settings of whoever runs the tests must not reach them."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("VOXWIRE_"):
            monkeypatch.delenv(name)
