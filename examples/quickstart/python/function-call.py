"""The model calls a function of this program, and answers with what it returned."""

import json

from connection import connected, read_message, run
from rtclient import FunctionCallOutputItem, InputTextContentPart, RTClient, RTFunctionCallItem, UserMessageItem

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The current weather at a place.",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}


def get_weather(location: str) -> dict[str, str]:
    return {"location": location, "weather": "clear", "temperature": "18 degrees Celsius"}


async def call(client: RTClient, item: RTFunctionCallItem) -> None:
    await item
    print(f"Calling {item.function_name}({item.arguments})")
    output = get_weather(**json.loads(item.arguments))
    await client.send_item(FunctionCallOutputItem(call_id=item.call_id, output=json.dumps(output)))


async def main() -> None:
    async with connected() as client:
        await client.configure(tools=[WEATHER])
        question = InputTextContentPart(text="What's the weather like in San Francisco?")
        await client.send_item(UserMessageItem(content=[question]))
        called = True
        while called:
            called = False
            async for item in await client.generate_response():
                if item.type == "function_call":
                    await call(client, item)
                    called = True
                else:
                    words, sound = await read_message(item)
                    print(f"Answer: {words} ({len(sound)} bytes of audio data)")


run(main)
