"""What an operator can choose.

- `settings`: the tree of settings; `loader`: reading it, with a clear line for every mistake
"""

from voxwire.config.loader import load_settings
from voxwire.config.settings import (
    AuthSettings,
    DeploymentSettings,
    EngineSettings,
    LimitSettings,
    LoggingSettings,
    ServerSettings,
    Settings,
    WebSocketSettings,
    is_loopback,
)

__all__ = [
    "AuthSettings",
    "DeploymentSettings",
    "EngineSettings",
    "LimitSettings",
    "LoggingSettings",
    "ServerSettings",
    "Settings",
    "WebSocketSettings",
    "is_loopback",
    "load_settings",
]
