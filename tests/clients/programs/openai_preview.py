"""One flow with the preview helper of an openai library of any generation.

`openai_preview.py openai|azure ADDRESS FLOW` with the key in OPENAI_API_KEY; prints the events as JSON.
"""

import asyncio
import json
import os
import sys
from typing import Any

from openai import AsyncAzureOpenAI, AsyncOpenAI
from realtime_flows import FLOWS, Talk

MODEL = "gpt-4o-realtime-preview"


def open_client(kind: str, address: str) -> Any:
    key = os.environ["OPENAI_API_KEY"]
    if kind == "azure":
        return AsyncAzureOpenAI(azure_endpoint=address, api_key=key, api_version="2024-10-01-preview")
    # This helper dials wss whatever the scheme of `base_url`, so only this option reaches a plain port.
    return AsyncOpenAI(api_key=key, websocket_base_url=address.replace("http", "ws", 1) + "/v1")


async def main(kind: str, address: str, flow: str) -> None:
    async with open_client(kind, address) as client, client.beta.realtime.connect(model=MODEL) as connection:
        talk = Talk(connection, ga=False)
        await FLOWS[flow](talk)
    json.dump(talk.events, sys.stdout)


asyncio.run(main(*sys.argv[1:]))
