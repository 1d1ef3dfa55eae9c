"""`python -m voxwire.cli.serve_worker LINE PIPE`: a worker of `voxwire serve`, started by it alone."""

import os
import signal
import socket
import sys

from voxwire.cli.output import background_output
from voxwire.printing import open_missing


def be_worker(descriptors: list[int]) -> int:
    """Be a worker, with sockets of these descriptors; the exit status."""
    # Ctrl-C reaches the whole foreground group, and service managers signal every process of a service: the parent says
    # what is to be done.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # they are for this process, and for none that it starts
    open_missing()
    os.dup2(2, 1)  # what somebody asked for is printed by the parent
    with background_output():
        from voxwire.server.workers.worker_program import run_worker

        return run_worker(*(socket.socket(fileno=descriptor) for descriptor in descriptors))


if __name__ == "__main__":
    sys.exit(be_worker([int(descriptor) for descriptor in sys.argv[1:3]]))
