"""The current openai library through every helper that opens a Realtime connection."""

from collections.abc import Callable
from typing import Any

import pytest
from client_environment import KEY, Address, installed_version
from flow_checks import CHECKS, Log
from openai import AsyncAzureOpenAI, AsyncOpenAI
from realtime_flows import FLOWS, Talk

API_VERSION = "2025-04-01-preview"


def openai_ga(server: Address, tls: Address) -> Any:
    client = AsyncOpenAI(api_key=KEY, base_url=f"{server.url}/v1")
    return client.realtime.connect(model="gpt-realtime")


def azure_ga(server: Address, tls: Address) -> Any:
    """The recipe of Azure's documents: OpenAI's client at Azure's address."""
    client = AsyncOpenAI(api_key=KEY, base_url=f"{tls.url}/openai/v1/")
    return client.realtime.connect(model="gpt-realtime", websocket_connection_options=tls.connection_options)


def openai_preview(server: Address, tls: Address) -> Any:
    """This helper dials wss whatever the scheme of `base_url`, so only `websocket_base_url` reaches a plain port."""
    client = AsyncOpenAI(api_key=KEY, websocket_base_url=f"{server.ws}/v1")
    return client.beta.realtime.connect(model="gpt-4o-realtime-preview")


def azure_preview(server: Address, tls: Address) -> Any:
    client = AsyncAzureOpenAI(api_key=KEY, azure_endpoint=tls.url, api_version=API_VERSION)
    return client.beta.realtime.connect(
        model="gpt-4o-realtime-preview", websocket_connection_options=tls.connection_options
    )


def azure_preview_plain(server: Address, tls: Address) -> Any:
    client = AsyncAzureOpenAI(
        api_key=KEY, azure_endpoint=server.url, websocket_base_url=f"{server.ws}/openai", api_version=API_VERSION
    )
    return client.beta.realtime.connect(model="gpt-4o-realtime-preview")


def azure_late(server: Address, tls: Address) -> Any:
    """GA shapes on the preview's URL, learnt from the first `session.update` (protocol: dialects, Late switch)."""
    client = AsyncAzureOpenAI(api_key=KEY, azure_endpoint=tls.url, api_version=API_VERSION)
    return client.realtime.connect(model="gpt-realtime", websocket_connection_options=tls.connection_options)


GA_HELPERS = (openai_ga, azure_ga, azure_late)
DIALECTS = {
    openai_ga: "GA",
    azure_ga: "GA, Azure's address",
    azure_late: "GA, on the preview's address",
    openai_preview: "preview",
    azure_preview: "preview, Azure's address",
    azure_preview_plain: "preview, Azure's address",
}
#: Another way to the same place needs no second look at every flow.
CASES = [(helper, flow) for helper in (*GA_HELPERS, openai_preview, azure_preview) for flow in FLOWS]
CASES.append((azure_preview_plain, "spoken_turn"))


@pytest.mark.parametrize(("connect", "flow"), CASES, ids=[f"{helper.__name__}-{flow}" for helper, flow in CASES])
async def test_flow(
    connect: Callable[..., Any], flow: str, server: Address, tls_server: Address, exercised: Callable[..., None]
) -> None:
    exercised("`openai` for Python", installed_version("openai"), DIALECTS[connect], flow)
    async with connect(server, tls_server) as connection:
        talk = Talk(connection, ga=connect in GA_HELPERS)
        await FLOWS[flow](talk)
    CHECKS[flow](Log(talk.events))
