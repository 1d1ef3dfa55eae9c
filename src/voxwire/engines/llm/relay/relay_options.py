"""What an operator can set for the `relay` engine."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr, ValidationError, field_validator

from voxwire.engines.llm.chat.chat_options import KEY_VARIABLE
from voxwire.engines.llm.relay.service_spelling import Spelling
from voxwire.errors import ConfigurationError

_Seconds = Annotated[float, Field(gt=0, le=86_400)]
_SCHEMES: Final = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
#: Where keys stand in an address; there they would show in logs of servers on the way.
_KEYS: Final = ("api-key", "api_key", "key", "token")
#: Services that are known by the names of their hosts.
_AZURE: Final = (".azure.com", ".microsoft.com", ".azure.us", ".azure.cn")
_QWEN: Final = ("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com")
_VOICES: Final = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")


class RelayOptions(BaseModel):
    """`docs/engines/relay.md` explains each of them. Secrets do not show in a `repr`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str
    """Address of the Realtime socket, without a key."""
    model: str | None = None
    """Model or deployment, put into the address. None leaves the address as it is."""
    dialect: Spelling | None = None
    """None goes by the address."""
    api_key: SecretStr | None = None
    auth: Literal["bearer", "api-key", "query"] | None = None
    """Where the key stands. None goes by the address."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Sent with every handshake."""
    session: dict[str, Any] = Field(default_factory=dict)
    """Further fields of the service's session. They win over ours."""
    voices: tuple[str, ...] | dict[str, str] | None = None
    """Names of its voices; or a table from what clients ask for to these names. None is OpenAI's for the dialects of
    OpenAI, and with others any name, which is not passed on."""
    images: bool | None = None
    """None is true for the GA dialect, which alone has pictures."""
    tools: bool = True
    context_tokens: PositiveInt = 32_000
    connections: PositiveInt = 256
    """Open at once, those that wait for the next turn of their session included."""
    idle_s: _Seconds = 300.0
    """How long a connection waits for the next turn before it is closed."""
    connect_s: _Seconds = 10.0
    first_s: _Seconds = 20.0
    """From the request to the first piece of the answer."""
    next_s: _Seconds = 10.0
    """From one piece of the answer to the next."""
    check: bool = True
    """Try the address at the start."""

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError("is an address such as wss://api.openai.com/v1/realtime")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise ValueError(f"must not carry a key or a fragment; set {KEY_VARIABLE} instead")
        if any(name.lower() in _KEYS for name, _ in parse_qsl(parts.query)):
            raise ValueError(f"must not carry a key; set {KEY_VARIABLE} instead")
        path = parts.path if parts.path.strip("/") else "/v1/realtime"
        return urlunsplit((_SCHEMES[parts.scheme], parts.netloc, path, parts.query, ""))

    @field_validator("model", "api_key", "dialect", "auth", mode="before")
    @classmethod
    def _nothing(cls, value: Any) -> Any:
        return None if value == "" else value

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def spelling(self) -> Spelling:
        """How the service spells the protocol."""
        if self.dialect is not None:
            return self.dialect
        if self.host in _QWEN:
            return Spelling.QWEN
        # Azure's addresses had versions until the protocol was final.
        versioned = any(name == "api-version" for name, _ in parse_qsl(urlsplit(self.url).query))
        return Spelling.PREVIEW if versioned else Spelling.GA

    @property
    def voice_names(self) -> dict[str, str]:
        """What clients may ask for, and what the service calls it; empty is any name, not passed on."""
        if isinstance(self.voices, dict):
            return self.voices
        given = self.voices
        if given is None:
            given = () if self.spelling is Spelling.QWEN else _VOICES
        return {name: name for name in given}

    @property
    def patience_s(self) -> float:
        """The longest that the engine yields nothing before it fails by itself."""
        return 2 * self.connect_s + 2 * self.first_s

    def address(self) -> str:
        """The address to connect to, which may carry the key: not to be shown."""
        parts = urlsplit(self.url)
        query = parse_qsl(parts.query, keep_blank_values=True)
        if self.model is not None:
            name = "deployment" if any(key == "api-version" for key, _ in query) else "model"
            query = [(key, value) for key, value in query if key not in ("model", "deployment")]
            query.append((name, self.model))
        if self.api_key is not None and self.auth == "query":
            query.append(("api-key", self.api_key.get_secret_value()))
        return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))

    def secret_headers(self) -> dict[str, str]:
        """The headers of the handshake as they leave, the key among them."""
        azure = self.host.endswith(_AZURE)
        headers = {}
        if self.spelling is Spelling.PREVIEW and not azure:
            headers["OpenAI-Beta"] = "realtime=v1"
        if self.api_key is not None:
            key = self.api_key.get_secret_value()
            match self.auth or ("api-key" if azure else "bearer"):
                case "bearer":
                    headers["Authorization"] = f"Bearer {key}"
                case "api-key":
                    headers["api-key"] = key
        return headers | {name: value.get_secret_value() for name, value in self.headers.items()}


def read_relay_options(options: Mapping[str, Any]) -> RelayOptions:
    """Check the options. Raises ConfigurationError with one sentence, which never repeats a value."""
    if not options.get("url"):
        raise ConfigurationError("The relay engine needs url, such as wss://api.openai.com/v1/realtime.")
    given = dict(options)
    given.setdefault("api_key", os.environ.get(KEY_VARIABLE))
    try:
        return RelayOptions(**given)
    except ValidationError as error:
        raise ConfigurationError("; ".join(map(_explain, error.errors(include_input=False)))) from None


def _explain(problem: Mapping[str, Any]) -> str:
    name = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        return f"The relay engine has no option {name}; it knows: {', '.join(RelayOptions.model_fields)}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"The option {name} of the relay engine {message[:1].lower()}{message[1:]}"
