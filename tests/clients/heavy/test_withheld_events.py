"""A control of the other tests: they notice an event that is left out (protocol: responses, Events that clients need).

The server is in order; a proxy withholds one type of event from an unmodified client. Then either the
client waits in vain, or the events do not show what they must.
"""

import re
from typing import Any, ClassVar

import pytest
import realtime_flows
import test_agents_realtime
from client_environment import KEY, Address
from flow_checks import CHECKS, Log
from openai import AsyncOpenAI
from realtime_flows import FLOWS, Talk
from withholding import Withholding

#: Long between two events of a conversation, and short for one that never comes.
PATIENCE_S = 8

#: What a spoken turn consists of (`rate_limits.updated` comes after its end), and by which words a failure
#: shows that this is missing; else by its name.
SPOKEN_TURN = {
    "session.created": "session.created is the first",
    "session.updated": "",
    "input_audio_buffer.speech_started": "",
    "input_audio_buffer.speech_stopped": "",
    "input_audio_buffer.committed": "",
    "conversation.item.added": "",
    "conversation.item.done": "",
    "conversation.item.input_audio_transcription.delta": "assert '' == '[Ww]hat is twelve times seven",
    "conversation.item.input_audio_transcription.completed": "",
    "response.created": "",
    "response.output_item.added": "",
    "response.content_part.added": "",
    "response.output_audio_transcript.delta": "assert '' == '.*84",
    "response.output_audio.delta": "assert 0 > ",
    "response.output_audio.done": "",
    "response.output_audio_transcript.done": "",
    "response.content_part.done": "",
    "response.output_item.done": "",
    "response.done": "",
}


class TestOpenai:
    """The current library hands on whatever it receives, so what is missing shows in the checks."""

    @staticmethod
    async def spoken_turn(proxy: Withholding) -> list[dict[str, Any]]:
        async with proxy.running():
            client = AsyncOpenAI(api_key=KEY, base_url=f"{proxy.address.url}/v1")
            async with client.realtime.connect(model="gpt-realtime") as connection:
                talk = Talk(connection, ga=True)
                await FLOWS["spoken_turn"](talk)
        CHECKS["spoken_turn"](Log(talk.events))
        return talk.events

    async def test_nothing_withheld(self, server: Address) -> None:
        events = await self.spoken_turn(Withholding(server))
        assert {event["type"] for event in events} == SPOKEN_TURN.keys()

    @pytest.mark.parametrize("kind", SPOKEN_TURN)
    async def test_noticed(self, kind: str, server: Address, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(realtime_flows, "PATIENCE_S", PATIENCE_S)
        proxy = Withholding(server, kind)
        with pytest.raises(AssertionError, match=SPOKEN_TURN[kind] or f"(No|0 of) {re.escape(kind)}"):
            await self.spoken_turn(proxy)
        assert proxy.withheld


class TestAgentsForNode:
    """It needs fewer events than the server owes; the checks ask for the others."""

    #: The second answer never comes, or the checks miss what the SDK did without.
    NOTICED: ClassVar = {
        "session.created": "session.created is the first",
        "session.updated": "no session.updated",
        "conversation.item.added": "0 of conversation.item.added",
        "conversation.item.input_audio_transcription.completed": "0 of conversation.item.input_audio_transc",
        "response.created": "0 of response.created",
        "response.function_call_arguments.done": "0 of response.function_call_arguments.done",
        "response.output_audio_transcript.done": "0 of response.output_audio_transcript.done",
        "response.output_item.done": "No agent_end",
        "response.done": "No agent_end",
    }

    @staticmethod
    async def tool_round_trip(proxy: Withholding, **variables: str) -> None:
        async with proxy.running():
            report = await test_agents_realtime.run("tool_round_trip", proxy.address, **variables)
        CHECKS["tool_round_trip"](Log(report["received"]))

    async def test_nothing_withheld(self, server: Address) -> None:
        await self.tool_round_trip(Withholding(server))

    @pytest.mark.parametrize("kind", NOTICED)
    async def test_noticed(self, kind: str, server: Address) -> None:
        proxy = Withholding(server, kind)
        with pytest.raises(AssertionError, match=self.NOTICED[kind]):
            await self.tool_round_trip(proxy, PATIENCE_S=str(PATIENCE_S))
        assert proxy.withheld
