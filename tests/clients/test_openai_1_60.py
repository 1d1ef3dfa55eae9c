"""openai 1.60.2: other URLs, another default for the size of frames, compression offered."""

import pytest
from client_environment import Address, run_program
from flow_checks import CHECKS, Log
from realtime_flows import FLOWS


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("kind", ["openai", "azure"])
async def test_flow(kind: str, flow: str, server: Address, tls_server: Address) -> None:
    address = tls_server if kind == "azure" else server
    events = await run_program(
        "openai-1.60.2", "openai_preview.py", kind, address.url, flow, variables=address.environment
    )
    CHECKS[flow](Log(events))
