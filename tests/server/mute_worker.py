"""A worker that has lost its line to the parent, and does not end."""

import os
import signal
import sys
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.close(int(sys.argv[1]))
time.sleep(60)
