"""Requests for what another worker holds: their connection goes on there.

Everything that asks for a running session or call does so by its id, and the id tells the worker (`worker_of`). A
parameter of the query that has such an id stands in `_IDS`: whoever adds one adds it here, and needs nothing else.
"""

import socket
from typing import Final
from urllib.parse import parse_qs

from voxwire.runtime import worker_of
from voxwire.server.workers.passing import passed
from voxwire.server.workers.worker_start import WorkerStart

#: The note of a connection that comes from another worker.
FORWARDED: Final = 1
#: Parameters of the query that name a session or a call.
_IDS: Final = ("call_id",)


def socket_to_holder(pipe: socket.socket, start: WorkerStart, query: bytes) -> socket.socket | None:
    """A socket to the worker that holds what the query of a request asks for; None where that is this one, where there
    is no such worker, and where nothing is asked for. The other end goes through the parent, by `pipe`."""
    number = _holder(query)
    if number is None or number == start.number or not 1 <= number <= start.settings.server.workers:
        return None
    ours, theirs = socket.socketpair()
    with theirs:
        if passed(pipe, theirs, number):
            return ours
    ours.close()
    return None


def _holder(query: bytes) -> int | None:
    asked = parse_qs(query.decode("latin-1"))
    ids = [id for name in _IDS for id in asked.get(name, ())]
    return worker_of(ids[0]) if len(ids) == 1 else None
