"""What an operator can choose.

- `settings`: the tree of settings; `secret_options`: secrets among the options of engines
- `names`: what a name may look like; `hosts`: which hosts are this machine; `plain_json`: which JSON can be kept
- `deployment_settings`: engines, profiles, deployments; `oidc_settings`: issuers of tokens; `storage_settings`: the
  table `storage`; `quota_settings`: `quotas`; `telemetry_settings`: `logging`, `metrics`, `tracing`;
  `monitoring_settings`: content policies
- `table`: what all tables have in common
- `loader`: reading the tree, with a clear line for every mistake
"""

from voxwire.config.deployment_settings import (
    DeploymentSettings,
    EngineSettings,
    ProfileSettings,
    TurnDefaults,
)
from voxwire.config.hosts import is_loopback
from voxwire.config.loader import load_settings
from voxwire.config.monitoring_settings import NO_POLICY, CheckSettings, ContentPolicySettings
from voxwire.config.names import ResourceName, checked_name
from voxwire.config.oidc_settings import ENTRA, AssignmentSettings, EntraSettings, IssuerSettings, secure_address
from voxwire.config.plain_json import check_json
from voxwire.config.quota_settings import QuotaLimit, QuotaLimits, QuotaSettings
from voxwire.config.secret_options import addresses, put_secrets, take_secrets, unmask
from voxwire.config.settings import (
    BUILT_IN_PROFILES,
    AuthSettings,
    DeadlineSettings,
    LimitSettings,
    ServerSettings,
    Settings,
    WebSocketSettings,
)
from voxwire.config.storage_settings import StorageSettings
from voxwire.config.telemetry_settings import LoggingSettings, MetricsSettings, TraceSettings

__all__ = [
    "BUILT_IN_PROFILES",
    "ENTRA",
    "NO_POLICY",
    "AssignmentSettings",
    "AuthSettings",
    "CheckSettings",
    "ContentPolicySettings",
    "DeadlineSettings",
    "DeploymentSettings",
    "EngineSettings",
    "EntraSettings",
    "IssuerSettings",
    "LimitSettings",
    "LoggingSettings",
    "MetricsSettings",
    "ProfileSettings",
    "QuotaLimit",
    "QuotaLimits",
    "QuotaSettings",
    "ResourceName",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "TraceSettings",
    "TurnDefaults",
    "WebSocketSettings",
    "addresses",
    "check_json",
    "checked_name",
    "is_loopback",
    "load_settings",
    "put_secrets",
    "secure_address",
    "take_secrets",
    "unmask",
]
