"""Being told to end: by Ctrl-C, by a service manager, by a terminal that is closed.

The system's own answer to SIGTERM and SIGHUP is to end the process on the spot. Here all of them unwind the
conversation, so that the file of the answer is complete and the server of our own has ended before we have.
"""

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any, Final

from voxwire.talk.outcome import Exit

_SIGNALS: Final = ("SIGTERM", "SIGHUP")  # by name: Windows lacks one of them, and asyncio cannot handle the other there


async def until_told(conversation: Coroutine[Any, Any, None]) -> int:
    """Hold a conversation to its end or until a signal; the exit code, which then is 128 + the signal's number.

    For Ctrl-C asyncio itself does the same, and raises KeyboardInterrupt. Raises what the conversation raises.
    """
    told: list[int] = []
    task = asyncio.current_task()
    assert task is not None

    def tell(number: int) -> None:
        told.append(number)
        task.cancel()

    listened_to = _signals()
    loop = asyncio.get_running_loop()
    for number in listened_to:
        loop.add_signal_handler(number, tell, number)
    try:
        await conversation
    except asyncio.CancelledError:
        if not told:
            raise
        return 128 + told[0]
    finally:
        for number in listened_to:
            loop.remove_signal_handler(number)
    return Exit.GOOD


def _signals() -> list[signal.Signals]:
    """Those to listen to: what nohup has made the system ignore stays ignored."""
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        return []
    numbers = [signal.Signals[name] for name in _SIGNALS]
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
