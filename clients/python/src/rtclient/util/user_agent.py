"""How the client names itself to the service."""

import platform
from importlib.metadata import version


def get_user_agent() -> str:
    """`ms-rtclient/<version> Python/<x.y.z>`, the form that services have always seen."""
    return f"ms-rtclient/{version('rtclient')} Python/{platform.python_version()}"
