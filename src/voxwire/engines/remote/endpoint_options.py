"""What an operator can set for every endpoint: where it is, and the keys to it."""

from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from voxwire.engines.declared_options import DeclaredOptions
from voxwire.engines.remote.address import on_own_network


class EndpointOptions(DeclaredOptions):
    """The base of their options. Secrets do not show in a `repr`."""

    #: Schemes that the address may have, what it may end in without need, and an example for people.
    SCHEMES: ClassVar[tuple[str, ...]] = ("http", "https")
    ENDING: ClassVar[str] = ""
    EXAMPLE: ClassVar[str] = "http://127.0.0.1:8000/v1"
    #: Where the key comes from when no option names it: an environment shows in no list of processes.
    KEY_VARIABLE: ClassVar[str] = ""

    base_url: str
    api_key: SecretStr | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Sent with every request; some gateways take their keys there."""

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if parts.scheme not in cls.SCHEMES or not parts.hostname:
            raise ValueError(f"is an address such as {cls.EXAMPLE}")
        if parts.username is not None or parts.password is not None:
            raise ValueError(f"must not carry a key; set {cls.KEY_VARIABLE} instead")
        if parts.fragment or (parts.query and not cls._takes_a_query()):
            raise ValueError("must not have a query or a fragment")
        return parts.geturl().rstrip("/").removesuffix(cls.ENDING).rstrip("/")

    @classmethod
    def _takes_a_query(cls) -> bool:
        return False

    @field_validator("api_key", mode="before")
    @classmethod
    def _no_key(cls, value: object) -> object:
        return None if value == "" else value

    @property
    def near(self) -> bool:
        """Whether it runs on a machine of whoever runs the server, so that requests cost time and no money."""
        return on_own_network(self.base_url)

    def secret_headers(self) -> dict[str, str]:
        """The headers as they leave, the key among them."""
        headers = {name: value.get_secret_value() for name, value in self.headers.items()}
        if self.api_key is not None:
            headers.setdefault("Authorization", f"Bearer {self.api_key.get_secret_value()}")
        return headers
