"""What an operator can choose.

- `settings`: the tree of settings; `secret_options`: secrets among the options of engines
- `names`: what a name may look like
- `storage_settings`: the table `storage`; `table`: what all tables have in common
- `loader`: reading the tree, with a clear line for every mistake
"""

from voxwire.config.loader import load_settings
from voxwire.config.names import ResourceName, checked_name
from voxwire.config.settings import (
    BUILT_IN_PROFILES,
    AuthSettings,
    DeadlineSettings,
    DeploymentSettings,
    EngineSettings,
    LimitSettings,
    LoggingSettings,
    ProfileSettings,
    ServerSettings,
    Settings,
    WebSocketSettings,
    is_loopback,
)
from voxwire.config.storage_settings import StorageSettings

__all__ = [
    "BUILT_IN_PROFILES",
    "AuthSettings",
    "DeadlineSettings",
    "DeploymentSettings",
    "EngineSettings",
    "LimitSettings",
    "LoggingSettings",
    "ProfileSettings",
    "ResourceName",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "WebSocketSettings",
    "checked_name",
    "is_loopback",
    "load_settings",
]
