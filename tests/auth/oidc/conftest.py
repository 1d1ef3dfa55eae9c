"""A real issuer over TLS, and sources of credentials that trust it."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from local_issuer import LocalIssuer

from voxwire.auth.oidc import OidcSource, StoredAssignments
from voxwire.config import AuthSettings
from voxwire.testing.scripted_clock import ScriptedClock

MakeSource = Callable[..., OidcSource]


@pytest.fixture(scope="session")
def running_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIssuer]:
    with LocalIssuer(tmp_path_factory.mktemp("issuer")).running() as issuer:
        yield issuer


@pytest.fixture
def issuer(running_issuer: LocalIssuer) -> LocalIssuer:
    running_issuer.reset()
    return running_issuer


@pytest.fixture
def wall() -> ScriptedClock:
    """The time of day: it stands still at the moment."""
    return ScriptedClock(time.time())


@pytest.fixture
def monotonic() -> ScriptedClock:
    """The clock by which keys grow old."""
    return ScriptedClock()


@pytest.fixture
async def make_source(wall: ScriptedClock, monotonic: ScriptedClock) -> AsyncIterator[MakeSource]:
    """`make_source(auth={…}, stored=…)`: of a table `auth`."""
    async with AsyncExitStack() as opened:

        def make(auth: dict[str, Any], stored: StoredAssignments | None = None) -> OidcSource:
            source = OidcSource(AuthSettings(**auth).issuers, stored, wall.time, monotonic.time)
            opened.push_async_callback(source.close)
            return source

        yield make


@pytest.fixture
def source(issuer: LocalIssuer, make_source: MakeSource) -> OidcSource:
    """Of the issuer, called `local`, by the settings that it suggests."""
    return make_source({"oidc": {"local": issuer.settings}})
