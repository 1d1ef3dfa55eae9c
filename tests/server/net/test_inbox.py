"""What waits for the application."""

import asyncio

from voxwire.server.net.inbox import Inbox


async def test_messages_are_taken_in_order_and_counted() -> None:
    inbox = Inbox()
    inbox.put({"type": "a"}, 3)
    inbox.put({"type": "b"})
    assert (inbox.count, inbox.bytes) == (2, 3)
    assert await inbox.take() == {"type": "a"}
    assert (inbox.count, inbox.bytes) == (1, 0)
    assert await inbox.take() == {"type": "b"}
    assert inbox.count == 0


async def test_a_message_is_waited_for() -> None:
    inbox = Inbox()
    taken = asyncio.create_task(inbox.take())
    await asyncio.sleep(0)
    assert not taken.done()
    inbox.put({"type": "a"}, 3)
    assert await asyncio.wait_for(taken, 1) == {"type": "a"}
    assert (inbox.count, inbox.bytes) == (0, 0)


def test_nothing_is_kept_for_an_application_that_has_ended() -> None:
    inbox = Inbox()
    inbox.put({"type": "a"}, 3)
    inbox.close()
    inbox.put({"type": "b"}, 4)
    assert (inbox.count, inbox.bytes) == (0, 0)
