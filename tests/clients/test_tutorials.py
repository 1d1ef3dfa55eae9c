"""Programs of Azure's tutorials, and Azure's own ways to sign in, on what `voxwire serve --dev-identity` prints.

The JavaScript and TypeScript ones run in `clients/javascript/test/live/tutorials.test.js`.
"""

import inspect
import logging
import os
import sys
import time
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.identity.aio import DefaultAzureCredential as AsyncDefaultAzureCredential
from azure.identity.aio import get_bearer_token_provider
from client_environment import HERE, KEY, run_command
from openai import AsyncOpenAI, AuthenticationError

from voxwire.testing.live_server import ServeProcess

TUTORIALS = HERE / "tutorials" / "python"
SCOPE = "https://cognitiveservices.azure.com/.default"
#: A tenth of a second on a machine at rest. Whatever comes later in the chain starts programs or asks a network.
AT_ONCE_S = 3.0


@pytest.fixture
def exported(keyless_server: ServeProcess, monkeypatch: pytest.MonkeyPatch) -> ServeProcess:
    """The server, with all that it printed in the environment, the key filled in, and nothing else of Azure's."""
    for name in list(os.environ):
        if name.startswith(("AZURE_", "OPENAI_", "IDENTITY_", "MSI_")):
            monkeypatch.delenv(name)
    for name, value in keyless_server.environment.items():
        monkeypatch.setenv(name, KEY if value == "YOUR_KEY" else value)
    return keyless_server


@pytest.mark.parametrize("program", ["text-in-audio-out.py", "text-in-audio-out-key.py"])
async def test_text_in_audio_out(program: str, exported: ServeProcess) -> None:
    # The server with an identity prints no key, which would keep the other programs from signing in.
    variables = {"AZURE_OPENAI_API_KEY": KEY} if program.endswith("-key.py") else {}
    lines = (await run_command(sys.executable, TUTORIALS / program, variables=variables)).splitlines()
    assert any(line.startswith("Received text delta: ") for line in lines)
    assert sum(int(line.split()[1]) for line in lines if line.endswith(" bytes of audio data.")) > 10_000
    assert all(line.startswith("Received ") for line in lines)


async def test_a_wrong_key_ends_the_program(exported: ServeProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "wrong")
    with pytest.raises(AssertionError, match="status code 401"):
        await run_command(sys.executable, TUTORIALS / "text-in-audio-out-key.py", variables={})


class TestSigningIn:
    @pytest.mark.parametrize("kind", [DefaultAzureCredential, AsyncDefaultAzureCredential], ids=["sync", "async"])
    async def test_at_once(self, kind: Any, exported: ServeProcess, caplog: pytest.LogCaptureFixture) -> None:
        credential = kind()
        with caplog.at_level(logging.INFO, logger="azure.identity"):
            started = time.monotonic()
            token = credential.get_token(SCOPE)
            token = await token if inspect.isawaitable(token) else token
            seconds = time.monotonic() - started
        closed = credential.close()
        if inspect.isawaitable(closed):
            await closed
        assert "DefaultAzureCredential acquired a token from ManagedIdentityCredential" in caplog.text
        assert seconds < AT_ONCE_S
        assert 500 < token.expires_on - time.time() <= 600

    def test_a_stray_client_id_does_no_harm(self, exported: ServeProcess, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555")
        with DefaultAzureCredential() as credential:
            assert credential.get_token(SCOPE).token

    def test_a_stale_secret_is_explained(self, exported: ServeProcess, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IDENTITY_HEADER", "of-the-server-before")
        with (
            ManagedIdentityCredential() as credential,
            pytest.raises(ClientAuthenticationError, match="export IDENTITY_HEADER as `voxwire serve` printed it"),
        ):
            credential.get_token(SCOPE)


class TestTodaysClient:
    """The keyless recipe of today's documents: the `openai` library at Azure's address of GA."""

    async def test_it_signs_in(self, exported: ServeProcess) -> None:
        async with AsyncDefaultAzureCredential() as credential:
            provider = get_bearer_token_provider(credential, SCOPE)
            async with AsyncOpenAI(base_url=f"{exported.url}/openai/v1", api_key=provider) as client:
                assert "gpt-realtime" in [model.id async for model in client.models.list()]
                async with client.realtime.connect(model="gpt-realtime") as connection:
                    assert (await connection.recv()).type == "session.created"

    async def test_for_another_service_it_does_not(self, exported: ServeProcess) -> None:
        async with AsyncDefaultAzureCredential() as credential:
            provider = get_bearer_token_provider(credential, "https://vault.azure.net/.default")
            async with AsyncOpenAI(base_url=f"{exported.url}/openai/v1", api_key=provider) as client:
                with pytest.raises(AuthenticationError, match="Ask for the scope") as caught:
                    await client.models.list()
        assert caught.value.code == "invalid_token"
