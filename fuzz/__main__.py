"""`python -m fuzz`: see `fuzz_session`."""

import sys

from fuzz.fuzz_session import main

sys.exit(main())
