"""How the client names itself to the service."""

import functools
import platform
from importlib.metadata import version


# Looking up the version reads files: a millisecond, as much as all the rest of a connection on loopback.
@functools.cache
def get_user_agent() -> str:
    """`ms-rtclient/<version> Python/<x.y.z>`, the form that services have always seen."""
    return f"ms-rtclient/{version('rtclient')} Python/{platform.python_version()}"
