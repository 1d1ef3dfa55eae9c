"""`python -m voxwire.engines.worker DESCRIPTOR WINDOW`: started by the host alone."""

import sys

from voxwire.engines.worker.child import main

main(int(sys.argv[1]), int(sys.argv[2]))
