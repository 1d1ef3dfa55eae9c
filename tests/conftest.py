"""What holds for all tests."""

import os

from hypothesis import settings

# Property tests search anew at a developer's desk; a machine that judges a change tries the same
# examples every time, so that it fails for the change and not for its luck.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")
