"""What all tables of the settings file have in common."""

from pydantic import BaseModel, ConfigDict


class SettingsTable(BaseModel):
    """A table of the settings file: unknown names are mistakes, values do not change after start."""

    model_config = ConfigDict(extra="forbid", frozen=True)
