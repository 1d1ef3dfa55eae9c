"""Settings: what an operator can choose, and where it is read from."""

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
