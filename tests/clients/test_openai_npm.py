"""The openai package of npm through every class that opens a Realtime connection.

All of them insist on TLS. Those for browsers run in Node, with its own WebSocket where it has one.
"""

from collections.abc import Callable

import pytest
from client_environment import Address
from flow_checks import CHECKS, Log
from node_environment import NPM, package_version, run_node
from realtime_flows import FLOWS

DIALECTS = {
    "openai_ga": "GA",
    "openai_ga_browser": "GA, browser's class",
    "openai_preview": "preview",
    "openai_preview_browser": "preview, browser's class",
    "azure_ga": "GA, Azure's address",
    "azure_preview": "preview, Azure's address",
}


async def talk(kind: str, flow: str, server: Address) -> Log:
    return Log(await run_node(NPM / "openai-realtime.js", kind, server.url, flow, variables=server.environment))


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("kind", DIALECTS)
async def test_flow(kind: str, flow: str, tls_server: Address, exercised: Callable[..., None]) -> None:
    exercised("`openai` for Node", package_version("openai"), DIALECTS[kind], flow)
    CHECKS[flow](await talk(kind, flow, tls_server))


async def test_without_a_key(tls_server: Address) -> None:
    """A token provider stands where the key was."""
    CHECKS["text_turn"](await talk("azure_ga_entra", "text_turn", tls_server))


@pytest.mark.parametrize("kind", ["openai_ga", "openai_preview"])
async def test_interrupting_a_paced_voice(kind: str, paced_tls_server: Address) -> None:
    CHECKS["barge_in"](await talk(kind, "barge_in", paced_tls_server))


async def test_a_refusal_reaches_the_user(tls_server: Address) -> None:
    """A program fails with the status, so that a flow cannot pass by doing nothing."""
    refused = run_node(
        NPM / "openai-realtime.js",
        "openai_ga",
        tls_server.url,
        "text_turn",
        variables=tls_server.environment | {"OPENAI_API_KEY": "wrong"},
    )
    with pytest.raises(AssertionError, match="Unexpected server response: 401"):
        await refused
