"""What an operator can choose.

- `settings`: the tree of settings; `load`: reading it, with a clear line for every mistake
- `models`: official model names that clients carry as defaults
"""

from voxwire.config.load import load_settings
from voxwire.config.models import REALTIME_MODELS, TRANSCRIPTION_MODELS
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
    "REALTIME_MODELS",
    "TRANSCRIPTION_MODELS",
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
