"""openai 1.60.2: other URLs, another default for the size of frames, compression offered."""

from collections.abc import Callable

import pytest
from client_environment import Address, installed_version, run_program
from flow_checks import CHECKS, Log
from realtime_flows import FLOWS

ENVIRONMENT = "openai-1.60.2"


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("kind", ["openai", "azure"])
async def test_flow(kind: str, flow: str, server: Address, tls_server: Address, exercised: Callable[..., None]) -> None:
    dialect = "preview 2024-10-01, Azure's address" if kind == "azure" else "preview"
    exercised("`openai` for Python", installed_version("openai", ENVIRONMENT), dialect, flow)
    address = tls_server if kind == "azure" else server
    events = await run_program(ENVIRONMENT, "openai_preview.py", kind, address.url, flow, variables=address.environment)
    CHECKS[flow](Log(events))
