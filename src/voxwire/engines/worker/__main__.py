"""`python -m voxwire.engines.worker DESCRIPTOR WINDOW`: started by the host alone."""

import sys

from voxwire.engines.worker.child import run_child

run_child(int(sys.argv[1]), int(sys.argv[2]))
