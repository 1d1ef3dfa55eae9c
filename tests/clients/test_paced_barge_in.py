"""Interrupting an answer that is still being spoken.

The embedded voice speaks much faster than anyone listens, so a short answer is complete before it can
be interrupted. Here the voice takes as long as speech does; everything else is the real thing.
"""

from collections.abc import Callable
from typing import Any

import pytest
from client_environment import KEY, Address, installed_version
from flow_checks import CHECKS, Log, stopped
from openai import AsyncOpenAI
from realtime_flows import FLOWS, Talk

from voxwire.testing.fake_tts import FakeTts


def connect(server: Address, ga: bool) -> Any:
    client = AsyncOpenAI(api_key=KEY, websocket_base_url=f"{server.ws}/v1")
    if ga:
        return client.realtime.connect(model="gpt-realtime")
    return client.beta.realtime.connect(model="gpt-4o-realtime-preview")


@pytest.mark.parametrize("flow", ["cancel", "barge_in"])
@pytest.mark.parametrize("ga", [True, False], ids=["ga", "preview"])
async def test_the_answer_stops_where_it_is(
    flow: str, ga: bool, paced_server: Address, voice: FakeTts, exercised: Callable[..., None]
) -> None:
    exercised("`openai` for Python", installed_version("openai"), "GA" if ga else "preview", flow)
    async with connect(paced_server, ga) as connection:
        talk = Talk(connection, ga)
        await FLOWS[flow](talk)
    log = Log(talk.events)
    CHECKS[flow](log)
    stopped(voice, len(log.audio(log.responses()[0])))
