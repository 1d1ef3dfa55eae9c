"""An agent of a shop's customer support, with tools. One question a line; an empty line ends the conversation."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from connection import connected, read_message, run
from rtclient import FunctionCallOutputItem, InputTextContentPart, RTClient, UserMessageItem

INSTRUCTIONS = """You are the support agent of a shop. Look orders up before you speak about them, never guess, and
confirm a cancellation with the customer's own words."""

ORDERS: dict[str, dict[str, Any]] = {
    "1001": {"status": "shipped", "arrives": "Tuesday"},
    "1002": {"status": "being packed", "arrives": "Friday"},
}


def get_order_status(order_number: str) -> dict[str, Any]:
    """The status of an order."""
    number = "".join(filter(str.isdigit, order_number))  # the model may say "order 1001"
    return ORDERS.get(number, {"error": "There is no such order."})


def cancel_order(order_number: str) -> dict[str, Any]:
    """Cancel an order that has not been shipped."""
    order = get_order_status(order_number)
    if order.get("status") == "being packed":
        order["status"] = "cancelled"
        return order
    return order | {"error": "It can not be cancelled."}


FUNCTIONS: dict[str, Callable[..., dict[str, Any]]] = {f.__name__: f for f in (get_order_status, cancel_order)}

TOOLS = [
    {
        "type": "function",
        "name": name,
        "description": function.__doc__,
        "parameters": {
            "type": "object",
            "properties": {"order_number": {"type": "string", "description": "Number of the order"}},
            "required": ["order_number"],
        },
    }
    for name, function in FUNCTIONS.items()
]


async def answer(client: RTClient) -> None:
    """Let the agent speak and use its tools, until it has said all it has to say."""
    called = True
    while called:
        called = False
        async for item in await client.generate_response():
            if item.type == "message":
                words, sound = await read_message(item)
                print(f"Agent: {words} ({len(sound)} bytes of audio data)")
                continue
            await item
            result = FUNCTIONS[item.function_name](**json.loads(item.arguments))
            print(f"[{item.function_name} {item.arguments}: {json.dumps(result)}]")
            await client.send_item(FunctionCallOutputItem(call_id=item.call_id, output=json.dumps(result)))
            called = True


async def main() -> None:
    async with connected() as client:
        await client.configure(instructions=INSTRUCTIONS, tools=TOOLS)
        while question := (await asyncio.to_thread(sys.stdin.readline)).strip():
            await client.send_item(UserMessageItem(content=[InputTextContentPart(text=question)]))
            await answer(client)


run(main)
