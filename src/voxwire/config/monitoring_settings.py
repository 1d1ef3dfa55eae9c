"""Checks of what is said: the tables `content_policies.NAME`."""

from typing import Any, Final, Literal

from pydantic import Field, field_validator

from voxwire.config.names import ResourceName
from voxwire.config.secret_options import hide_secrets
from voxwire.config.table import SettingsTable

#: The content policy of a deployment that opts out of the one of all.
NO_POLICY: Final = "none"


class CheckSettings(SettingsTable):
    """One check of a policy."""

    kind: str = Field(description="Registered name of the check: `words`, `pattern`, `http`, `openai`, or another's.")
    name: ResourceName | None = Field(default=None, description="What reviews and metrics call it; left out, its kind.")
    options: dict[str, Any] = Field(default_factory=dict, description="Options handed to the check.", repr=False)
    sides: tuple[Literal["person", "answer"], ...] = Field(
        default=("person", "answer"), min_length=1, description="Whose words it looks at."
    )
    action: Literal["end", "flag"] = Field(
        default="end", description="End the answer, or only note it for review. What ends an answer is noted, too."
    )
    on_failure: Literal["pass", "end"] = Field(
        default="pass", description="What a check that fails or is too slow stands for: nothing found, or a find."
    )
    deadline_s: float = Field(default=2.0, gt=0, le=30, description="Seconds that a check over the network may take.")

    @field_validator("options")
    @classmethod
    def _without_plain_secrets(cls, options: dict[str, Any]) -> dict[str, Any]:
        return hide_secrets(options)


class ContentPolicySettings(SettingsTable):
    """Checks that go together."""

    checks: tuple[CheckSettings, ...] = Field(min_length=1, max_length=16, description="The checks, all of which hold.")
    excerpt: bool = Field(
        default=True, description="Keep, encrypted, the words around what was found, for those who review it."
    )
