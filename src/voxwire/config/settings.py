"""The settings tree: one typed place for everything an operator can choose.

Values come from, in this order: what the command line names, the environment (`VOXWIRE_SERVER__PORT`),
the TOML file given by `--config`, the defaults here. Every setting is described in
`docs/configuration.md`; a test compares the two.
"""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    Field,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from voxwire.config.deployment_settings import (
    DeploymentSettings,
    EngineSettings,
    ProfileSettings,
    language_engine,
    one_engine,
    written_out,
)
from voxwire.config.hosts import is_loopback
from voxwire.config.monitoring_settings import NO_POLICY, ContentPolicySettings
from voxwire.config.names import ResourceName
from voxwire.config.oidc_settings import ENTRA, EntraSettings, IssuerSettings
from voxwire.config.quota_settings import QuotaSettings
from voxwire.config.storage_settings import StorageSettings
from voxwire.config.table import SettingsTable
from voxwire.config.telemetry_settings import LoggingSettings, MetricsSettings, TraceSettings

MIB = 1024 * 1024
#: Longest duration: TOML has `inf`, and neither timers nor `expires_at` can.
_YEAR_S = 366 * 86_400
_Seconds = Annotated[float, Field(gt=0, le=_YEAR_S)]

#: Scheme and authority, as browsers and shells send them (RFC 6454 section 7).
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s?#@]+", re.IGNORECASE)
#: What pages of files send, by shell; a `null` is also sent by sandboxed frames of any page.
_ORIGINS_WITHOUT_HOST: Final = frozenset({"file://", "null"})
#: The deployments that always exist, so that a quickstart works without a settings file.
DEFAULT_DEPLOYMENTS = ("gpt-4o-realtime-preview", "gpt-realtime")
#: Sets of engines that need no settings file; `voxwire.server.profiles` says what is in them.
BUILT_IN_PROFILES: Final = ("embedded", "laptop", "gpu", "ollama", "remote", "relay")


class ServerSettings(SettingsTable):
    """Where the server listens, and how it starts and stops."""

    host: str = Field(
        default="127.0.0.1", description="Name or address to listen on; anything but loopback needs a key."
    )
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port to listen on; 0 picks a free one.")
    tls_cert: Path | None = Field(
        default=None, description="PEM file with the certificate chain; serves https and wss."
    )
    tls_key: Path | None = Field(default=None, description="PEM file with the certificate's private key.")
    max_sessions: PositiveInt = Field(
        default=1000, description="Sessions held at once; further ones are refused with 429 and may retry."
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=60,
        description="Processes that hold sessions. With more than one, a parent accepts connections and gives each to "
        "the process that has the fewest; limits hold for all of them together. On Linux and macOS.",
    )
    drain_s: Annotated[float, Field(ge=0, le=_YEAR_S)] = Field(
        default=5.0, description="Seconds that running sessions get to end by themselves after SIGTERM."
    )
    drain_spread_s: Annotated[float, Field(ge=0, le=_YEAR_S)] = Field(
        default=2.0,
        description="Seconds over which those that are left are closed then, so that their clients do not all come "
        "back at once. An answer in progress is finished first, within ten seconds.",
    )
    message_memory_bytes: PositiveInt | None = Field(
        default=None,
        description="Memory for messages of all clients together that are unfinished or wait, in bytes. Once it is "
        "full, a client that sends a large one is closed with code 1013; small ones always pass. Left out: a quarter "
        "of the memory of the machine or the container, at least 512 MiB.",
    )

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            missing = "tls_key" if self.tls_key is None else "tls_cert"
            raise ValueError(f"TLS needs a certificate and its key; server.{missing} is missing")
        return self

    @field_validator("workers")
    @classmethod
    def _possible(cls, workers: int) -> int:
        if workers > 1 and sys.platform == "win32":
            raise ValueError("more than one needs Linux or macOS, where processes can hand connections to each other")
        return workers

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)


class AuthSettings(SettingsTable):
    """Who may connect."""

    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Keys that clients may present, with the role user. Without any key, here or stored, the server "
        "listens on loopback only and accepts any. In the environment: separated by commas, or a JSON list.",
    )
    admin_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="Keys with the role owner, which may do everything. Written in the same ways."
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins whose pages may connect: of the web (`https://app.example`), of desktop and mobile "
        "shells (`tauri://localhost`, `capacitor://localhost`, `app://name`, `file://`), and `null`, which every page "
        "without an origin of its own sends. With keys and an empty list every origin may, "
        "and with a list those and the server's own pages; without keys only "
        "loopback origins and the ones listed. Pages of listed origins may also read the answers to their requests "
        "(CORS).",
    )
    dev_identity: bool = Field(
        default=False,
        description="Answer the managed-identity request of Azure's App Service, so that `DefaultAzureCredential` "
        "signs in here, and accept the tokens given out. On loopback only.",
    )
    entra: EntraSettings | None = Field(
        default=None, description="Microsoft Entra ID: whose tokens are accepted, and what they give."
    )
    oidc: dict[ResourceName, IssuerSettings] = Field(
        default_factory=dict,
        description="Other OpenID Connect issuers whose tokens are accepted, by names of your own.",
    )

    @field_validator("api_keys", "admin_keys", "allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            try:
                return json.loads(value)
            except json.JSONDecodeError:
                raise ValueError("starts like a JSON list but is none") from None
        return [part.strip() for part in value.split(",") if part.strip()]

    @field_validator("api_keys", "admin_keys")
    @classmethod
    def _usable(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for key in keys:
            text = key.get_secret_value()
            if not text or not text.isascii() or not text.isprintable() or " " in text or "," in text:
                raise ValueError("a key is printable ASCII without spaces or commas, and not empty")
        return keys

    @model_validator(mode="after")
    def _one_role_each(self) -> Self:
        if {key.get_secret_value() for key in self.api_keys} & {key.get_secret_value() for key in self.admin_keys}:
            raise ValueError("a key stands in api_keys and in admin_keys; it can have one role only")
        return self

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin.lower() not in _ORIGINS_WITHOUT_HOST and not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is not an origin; write scheme and host, like https://app.example or "
                    "tauri://localhost, or else file:// or null"
                )
        return tuple(origin.lower() for origin in origins)

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.entra is not None and ENTRA in self.oidc:
            raise ValueError("the name oidc.entra is taken by the table entra; give it another one")
        seen: dict[str, str] = {}
        for name, issuer in self.issuers.items():
            for address in issuer.issuers:
                if seen.setdefault(address, name) != name:
                    raise ValueError(f"the issuer {address} stands in two tables, {seen[address]} and {name}")
        return self

    @property
    def issuers(self) -> dict[str, IssuerSettings]:
        """All issuers of tokens, by name."""
        return self.oidc if self.entra is None else {ENTRA: self.entra.as_issuer(), **self.oidc}


class WebSocketSettings(SettingsTable):
    """The WebSocket connections."""

    max_message_bytes: PositiveInt = Field(
        default=32 * MIB, description="Largest message of a client, in bytes; 15 MiB of audio are 20 MiB as base64."
    )
    ping_interval_s: _Seconds = Field(
        default=20.0, description="Seconds between protocol pings, which keep proxies from closing an idle connection."
    )
    write_timeout_s: _Seconds = Field(
        default=30.0, description="Seconds that a client may leave a full connection unread before it is dropped."
    )


class LimitSettings(SettingsTable):
    """Bounds of one session, and two switches of its behaviour."""

    session_seconds: _Seconds = Field(default=3600.0, description="Longest life of a session, in seconds.")
    append_bytes: PositiveInt = Field(
        default=15 * MIB, description="Audio in one `input_audio_buffer.append`, in bytes."
    )
    buffer_bytes: PositiveInt = Field(default=64 * MIB, description="Audio not yet committed, in bytes.")
    retained_audio_bytes: PositiveInt = Field(
        default=32 * MIB, description="Audio of items kept for `conversation.item.retrieve`, in bytes."
    )
    items: PositiveInt = Field(default=4096, description="Items in one conversation.")
    item_text_bytes: PositiveInt = Field(
        default=1 * MIB, description="Text of one item or of the instructions, in bytes."
    )
    conversation_text_bytes: PositiveInt = Field(
        default=16 * MIB, description="Text of all items of a conversation, in bytes."
    )
    tools: PositiveInt = Field(default=128, description="Functions that a session may declare.")
    parallel_responses: PositiveInt = Field(
        default=16, description="Responses running at once, out-of-band ones included."
    )
    transcript_deadline_s: _Seconds = Field(
        default=10.0, description="Seconds that a response waits for the words of its turn before it fails."
    )
    strict_truncate: bool = Field(
        default=False,
        description="Refuse `conversation.item.truncate` beyond the end of the audio instead of clamping it.",
    )
    on_empty_transcript: Literal["respond", "ignore"] = Field(
        default="respond", description="What to do with a spoken turn in which no word was understood."
    )


class DeadlineSettings(SettingsTable):
    """How long an engine may be silent while it has work; past it the work fails, and the session goes on."""

    stt_s: _Seconds = Field(
        default=15.0,
        description="Seconds from the end of an utterance, or from a partial transcript after it, to the next words; "
        "also to accept audio.",
    )
    llm_first_s: _Seconds = Field(
        default=30.0,
        description="Seconds from a request to the first words of the answer. An engine with a deadline of its own, "
        "such as `chat`, is given that long.",
    )
    llm_idle_s: _Seconds = Field(
        default=30.0, description="Seconds from one piece of an answer to the next; the same holds for such engines."
    )
    tts_s: _Seconds = Field(
        default=15.0,
        description="Seconds from the end of the text, or from the audio before, to more audio; also to accept text.",
    )
    turn_s: _Seconds = Field(
        default=0.5,
        description="Seconds that a pause may be judged under `semantic_vad`; past it, what is known by then decides.",
    )


class FailoverSettings(SettingsTable):
    """When the next engine of a list takes over, and how long the one that failed is asked last."""

    stt_s: _Seconds = Field(default=5.0, description="Seconds that a recogniser may owe words, or not take audio.")
    llm_s: _Seconds = Field(default=5.0, description="Seconds that a language engine may write nothing.")
    tts_s: _Seconds = Field(default=3.0, description="Seconds that a voice may be silent once it has all of its text.")
    rest_s: _Seconds = Field(
        default=30.0,
        description="Seconds until an engine that failed is tried again with one piece of work. For each failure in a "
        "row once more, up to eight times as long.",
    )


class InterruptionSettings(SettingsTable):
    """Which speech interrupts an answer, where the session asks for that. `"telephony"`: 240 ms and a word."""

    speech_ms: int = Field(
        default=0, ge=0, le=2000, description="Milliseconds that speech has to last before it interrupts an answer."
    )
    words: int = Field(default=0, ge=0, le=10, description="Words of it that have to be understood.")
    back_channels: Literal["interrupt", "pass"] = Field(
        default="interrupt", description='Whether words of somebody who only listens interrupt: "mm-hm", "okay".'
    )


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(
        env_prefix="VOXWIRE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # the input may be a key
    )

    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    websocket: WebSocketSettings = WebSocketSettings()
    limits: LimitSettings = LimitSettings()
    deadlines: DeadlineSettings = DeadlineSettings()
    failover: FailoverSettings = FailoverSettings()
    interruption: InterruptionSettings = InterruptionSettings()
    logging: LoggingSettings = LoggingSettings()
    metrics: MetricsSettings = MetricsSettings()
    tracing: TraceSettings = TraceSettings()
    storage: StorageSettings = StorageSettings()
    quotas: QuotaSettings = QuotaSettings()
    vad: EngineSettings | None = Field(
        default=None, description="Speech detector of all deployments, instead of `silero`."
    )
    llm: EngineSettings | None = Field(
        default=None, description="Language engine of every deployment that names none, instead of the profile's."
    )
    turn: EngineSettings | None = Field(
        default=None,
        description="Turn model of every deployment that names none: it hears whether a speaker who pauses has "
        "finished, for `semantic_vad`. Left out, the words alone tell.",
    )
    profile: str = Field(
        default="embedded",
        description="Set of engines of every deployment that names none: `embedded`, `laptop`, `gpu`, `ollama`, "
        "`remote`, `relay`, or one of `profiles`.",
    )
    profiles: dict[str, ProfileSettings] = Field(default_factory=dict, description="Sets of engines of your own.")
    deployments: dict[str, DeploymentSettings] = Field(
        default_factory=dict,
        description="What answers under which name. `gpt-4o-realtime-preview` and `gpt-realtime` always exist.",
    )
    content_policies: dict[ResourceName, ContentPolicySettings] = Field(
        default_factory=dict, description="Sets of checks of what is said."
    )
    content_policy: ResourceName | None = Field(
        default=None,
        description="The content policy of every deployment that names none. One that names `none` opts out.",
    )
    default_deployment: str = Field(
        default=DEFAULT_DEPLOYMENTS[0],
        description="Deployment that answers to official model names without one of their own.",
    )

    @field_validator("content_policies")
    @classmethod
    def _not_called_none(cls, policies: dict[str, ContentPolicySettings]) -> dict[str, ContentPolicySettings]:
        if NO_POLICY in policies:
            raise ValueError(f"{NO_POLICY!r} is what a deployment says that has no policy")
        return policies

    @field_validator("interruption", mode="before")
    @classmethod
    def _preset(cls, value: Any) -> Any:
        return {"speech_ms": 240, "words": 1} if value == "telephony" else value

    @field_validator("vad", "turn", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return written_out(value)

    @field_validator("vad", "turn")
    @classmethod
    def _one(cls, engine: EngineSettings | None) -> EngineSettings | None:
        return one_engine(engine)

    @field_validator("llm", mode="before")
    @classmethod
    def _short_form_of_llm(cls, value: Any) -> Any:
        return language_engine(value)

    @field_validator("deployments")
    @classmethod
    def _with_defaults(cls, given: dict[str, DeploymentSettings]) -> dict[str, DeploymentSettings]:
        if "" in given:
            raise ValueError("a deployment needs a name")
        return {name: DeploymentSettings() for name in DEFAULT_DEPLOYMENTS} | given

    @property
    def declared_deployments(self) -> list[str]:
        """Names of the deployments that somebody has asked for: not those that are there by themselves."""
        default = DeploymentSettings()
        return [name for name, one in self.deployments.items() if one != default or name not in DEFAULT_DEPLOYMENTS]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.default_deployment not in self.deployments:
            raise ValueError(f"there is no deployment {self.default_deployment!r}, which default_deployment names")
        self._check_profiles()
        if not self.server.loopback:
            self._check_exposed(self.server.host or "every address")
        return self

    def _check_profiles(self) -> None:
        named = {"profile": self.profile}
        named |= {f"deployments.{name}.profile": one.profile for name, one in self.deployments.items() if one.profile}
        named |= {f"profiles.{name}.like": one.like for name, one in self.profiles.items()}
        for setting, name in named.items():
            if name not in BUILT_IN_PROFILES and name not in self.profiles:
                known = ", ".join([*BUILT_IN_PROFILES, *sorted(self.profiles)])
                raise ValueError(f"there is no profile {name!r}, which the setting {setting} names; there are: {known}")
        for name in self.profiles:
            if name in BUILT_IN_PROFILES:
                raise ValueError(f"the profile {name!r} is built in; give that of profiles.{name} another name")
            like, steps = name, 0
            while like in self.profiles:
                like, steps = self.profiles[like].like, steps + 1
                if steps > len(self.profiles):
                    raise ValueError(f"the profile {name!r} is like itself, in a circle; see profiles.{name}.like")

    def _check_exposed(self, host: str) -> None:
        if self.auth.dev_identity:
            raise ValueError(
                f"refusing to offer a development identity on {host}, since it is for programs on this machine alone; "
                "leave out --dev-identity (auth.dev_identity) or listen on 127.0.0.1"
            )
