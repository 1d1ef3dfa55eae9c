"""What tells two servers with different settings apart, and tells nothing of the settings."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from voxwire.config import DeploymentSettings, EngineSettings, Settings
from voxwire.interfaces.engine import EngineKind

#: Hexadecimal digits that are shown: enough to tell settings apart, for a person to read out.
_SHOWN: Final = 12
#: What decides how a session goes, besides its deployment; not where the server listens, nor who may come.
_TABLES: Final = ("limits", "deadlines", "failover", "interruption", "vad")


def settings_digest(settings: Settings, chosen: DeploymentSettings, stages: Mapping[EngineKind, EngineSettings]) -> str:
    """Of a deployment whose engines come from `stages`. Secrets are no part of it: a key that is rotated changes
    nothing, and a digest is nothing to try guesses on."""
    parts: dict[str, Any] = {name: _plain(getattr(settings, name)) for name in _TABLES}
    parts["deployment"] = _plain(chosen)
    parts["stages"] = {stage: _plain(engine) for stage, engine in stages.items()}
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_SHOWN]


def _plain(table: Any) -> Any:
    """A secret becomes its mask."""
    return None if table is None else table.model_dump(mode="json")
