"""Deployments: the engines that answer under a name, and what else is said of them. The settings file has them in this
shape, and the API and the store as well."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from voxwire.config.names import ResourceName
from voxwire.config.plain_json import check_json
from voxwire.config.quota_settings import QuotaLimits
from voxwire.config.secret_options import check_addresses, hide_secrets
from voxwire.config.table import SettingsTable


class EngineSettings(SettingsTable):
    """One engine: its registered name, and options that the engine itself checks."""

    name: str = Field(description="Registered name of the engine.")
    options: dict[str, Any] = Field(  # not shown: a secret may stand under a name that does not say so
        default_factory=dict, description="Options handed to the engine.", repr=False
    )
    otherwise: tuple["EngineSettings", ...] = Field(
        default=(),
        max_length=3,
        description="Engines that take over when this one fails, in this order. An engine that is a list is short for "
        "its first with the others here.",
    )

    @field_validator("otherwise", mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        return [written_out(other) for other in value] if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _in_one_line(self) -> Self:
        if any(other.otherwise for other in self.otherwise):
            raise ValueError("an engine that takes over has none that takes over; put all into one list")
        return self

    @field_validator("options")
    @classmethod
    def _without_plain_secrets(cls, options: dict[str, Any]) -> dict[str, Any]:
        check_json(options)
        check_addresses(options)
        return hide_secrets(options)


def written_out(value: Any) -> Any:
    """The short forms of an engine: its name alone, its options beside the name instead of in a table below, and a
    list, of which the first is asked first."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, list | tuple) and value:
        first, *others = (written_out(one) for one in value)
        return {**first, "otherwise": others} if isinstance(first, dict) and others else first
    if not isinstance(value, dict) or "options" in value:
        return value
    named = {key: value[key] for key in ("name", "otherwise") if key in value}
    return {**named, "options": {key: option for key, option in value.items() if key not in named}}


def language_engine(value: Any) -> Any:
    """The same for a language engine, which is `chat` where no name is given: an address is enough."""
    value = written_out(value)
    if not isinstance(value, dict):
        return value
    others = value.get("otherwise", ())
    named = {"otherwise": [language_engine(other) for other in others]} if isinstance(others, list | tuple) else {}
    return {"name": "chat", **value, **(named if others else {})}


def one_engine(engine: EngineSettings | None) -> EngineSettings | None:
    """Of a kind in which no engine takes over from another."""
    if engine is not None and engine.otherwise:
        raise ValueError("this is one engine, not a list: there is nothing to take over in the middle of")
    return engine


class _Stages(SettingsTable):
    """Engines by stage; what is left out comes from somewhere else."""

    stt: EngineSettings | None = Field(default=None, description="Speech to text, instead of the profile's.")
    llm: EngineSettings | None = Field(default=None, description="Language engine, instead of the profile's.")
    tts: EngineSettings | None = Field(default=None, description="Text to speech, instead of the profile's.")
    turn: EngineSettings | None = Field(default=None, description="Turn model, instead of the one of all deployments.")

    @field_validator("stt", "tts", "turn", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return written_out(value)

    @field_validator("turn")
    @classmethod
    def _one(cls, engine: EngineSettings | None) -> EngineSettings | None:
        return one_engine(engine)

    @field_validator("llm", mode="before")
    @classmethod
    def _short_form_of_llm(cls, value: Any) -> Any:
        return language_engine(value)


class ProfileSettings(_Stages):
    """A set of engines that deployments start from; what it leaves out is that of another one."""

    like: str = Field(default="embedded", description="Profile that has what this one leaves out.")


class TurnDefaults(SettingsTable):
    """How a session that says nothing of it hears the end of a turn. What is left out is as in every session."""

    type: Literal["server_vad", "semantic_vad", "none"] = Field(
        default="server_vad", description="By silence, by meaning, or not at all: the client says when a turn ends."
    )
    threshold: float | None = Field(
        default=None, ge=0, le=1, description="How sure of speech to be, with `server_vad`."
    )
    prefix_padding_ms: int | None = Field(
        default=None, ge=0, le=10_000, description="Milliseconds kept from before the speech, with `server_vad`."
    )
    silence_duration_ms: int | None = Field(
        default=None, ge=0, le=10_000, description="Milliseconds of silence that end a turn, with `server_vad`."
    )
    eagerness: Literal["low", "medium", "high", "auto"] = Field(
        default="auto", description="How soon to answer, with `semantic_vad`."
    )
    create_response: bool = Field(default=True, description="Whether the end of a turn is answered by itself.")
    interrupt_response: bool = Field(default=True, description="Whether speech interrupts an answer.")


class DeploymentSettings(_Stages):
    """What answers under one name."""

    profile: str | None = Field(default=None, description="Set of engines to start from, instead of `profile`.")
    model: str | None = Field(
        default=None,
        max_length=200,
        description="Model that answers: a profile, or a model of the catalogue, which an engine opens that can. Where "
        "`llm` is an address, its model is named there.",
    )
    version: str | None = Field(
        default=None,
        max_length=64,
        description="Version that `model` must have, as `voxwire models show` tells it; with another one the "
        "deployment does not get ready. Left out, any.",
    )
    instructions: str = Field(
        default="", max_length=1024 * 1024, description="Instructions of a session that brings none."
    )
    voice: str | None = Field(
        default=None, max_length=200, description="Voice of a session that names none; left out, `alloy` or the first."
    )
    turn_detection: TurnDefaults | None = Field(
        default=None, description="Turn detection of a session that brings none."
    )
    max_drafts_per_turn: int | None = Field(
        default=None,
        ge=0,
        le=16,
        description="Answers begun in the pauses of one turn, before it is certain that it has ended; 0 begins none. "
        "Left out: 2 where the language engine runs on a machine of yours (the offline assistant, a model in a child "
        "process, an endpoint on loopback), 0 where it may cost money.",
    )
    region: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")] | None = Field(
        default=None, description="A label: where it runs, such as `westeurope`. It decides nothing."
    )
    content_policy: ResourceName | None = Field(
        default=None,
        description="Name of the checks that transcripts go through; left out, those of `content_policy`; `none` opts "
        "out.",
    )
    store: Literal["none", "text", "text+audio"] = Field(
        default="none", description="What is stored of its conversations."
    )
    retention_days: int = Field(
        default=30, ge=1, le=3650, description="Days until what was stored of a conversation is deleted."
    )
    limits: QuotaLimits = Field(
        default=QuotaLimits(), description="How much it may be used, instead of `quotas.deployment`."
    )
    enabled: bool = Field(default=True, description="Whether it takes sessions. One that is not answers 403.")
