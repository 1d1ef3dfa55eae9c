"""A program for Azure that holds no key: `keyless_realtime.py WAY ADDRESS SCOPE`. It prints what it saw as JSON.

What it signs in with stands in the environment, as Azure's identity library reads it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from azure.identity import ClientSecretCredential, DefaultAzureCredential
from azure.identity import get_bearer_token_provider as blocking_provider
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from azure.identity.aio import DefaultAzureCredential as AsyncDefaultAzureCredential
from azure.identity.aio import get_bearer_token_provider
from openai import APIStatusError, AsyncOpenAI


def secret_of(kind: Callable[..., Any]) -> Any:
    """A client's secret at a tenant of one's own: nobody is asked whether such an authority exists."""
    names = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
    authority = os.environ["AZURE_AUTHORITY_HOST"]
    return kind(*(os.environ[name] for name in names), authority=authority, disable_instance_discovery=True)


WAYS: dict[str, Callable[[], Any]] = {
    "default": DefaultAzureCredential,
    "secret": lambda: secret_of(ClientSecretCredential),
    "default, asynchronous": AsyncDefaultAzureCredential,
    "secret, asynchronous": lambda: secret_of(AsyncClientSecretCredential),
}


async def talk(client: AsyncOpenAI) -> dict[str, Any]:
    """The models, and one turn of text."""
    seen: dict[str, Any] = {"models": [model.id async for model in client.models.list()], "text": ""}
    async with client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        content: Any = [{"type": "input_text", "text": "What is twelve times seven?"}]
        await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await connection.response.create()
        async for event in connection:
            if event.type == "response.output_text.delta":
                seen["text"] += event.delta
            elif event.type == "response.done":
                return seen
    return seen


async def main(way: str, address: str, scope: str) -> dict[str, Any]:
    credential = WAYS[way]()
    if way.endswith("asynchronous"):
        provider = get_bearer_token_provider(credential, scope)
    else:
        blocking = blocking_provider(credential, scope)

        async def provider() -> str:
            return await asyncio.to_thread(blocking)

    async with AsyncOpenAI(base_url=f"{address}/openai/v1", api_key=provider) as client:
        try:
            return await talk(client)
        except APIStatusError as error:
            challenge = error.response.headers.get("www-authenticate")
            return {"status": error.status_code, "code": error.code, "message": error.message, "challenge": challenge}
        finally:
            closed = credential.close()
            if asyncio.iscoroutine(closed):
                await closed


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
