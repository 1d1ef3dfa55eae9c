"""The openai package of npm makes ephemeral keys, and its class for browsers uses them."""

from client_environment import Address
from node_environment import NPM, run_node


async def test_made_and_used(tls_server: Address) -> None:
    said = await run_node(NPM / "openai-ephemeral.js", tls_server.url, variables=tls_server.environment)
    assert said["secret"]["value"].startswith("ek_")
    assert said["preview"]["client_secret"]["value"].startswith("ek_")
    assert said["preview"]["instructions"] == "Be brief."
    assert said["created"]["session"]["instructions"] == "Be brief."
