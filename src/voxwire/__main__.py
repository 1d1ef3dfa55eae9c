"""`python -m voxwire` is the command `voxwire`."""

import sys

from voxwire.cli import main

if __name__ == "__main__":
    sys.exit(main())
