"""Settings of keyless sign-in: Microsoft Entra ID, and any other OpenID Connect issuer."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from voxwire.config.hosts import is_loopback
from voxwire.config.names import ResourceName
from voxwire.config.table import SettingsTable

#: The name of the issuer that `auth.entra` describes.
ENTRA: Final = "entra"
#: What a token for Azure's own service is for: Azure OpenAI, by its address and its application id, and Foundry.
MICROSOFT_AUDIENCES: Final = (
    "https://cognitiveservices.azure.com",
    "https://cognitiveservices.azure.com/",
    "7d312290-28c8-473c-a0ed-8e53749b6d6d",
    "https://ai.azure.com",
    "https://ai.azure.com/",
)
#: Who signs the tokens of version 1 for the tenants of Azure's public cloud, and of the US government's.
_VERSION_1: Final = "https://sts.windows.net"
_TENANT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

RoleName = Literal["user", "reader", "contributor", "owner"]
#: Signatures by a key pair alone: whoever knows a public key could sign with the algorithms of HMAC.
SigningAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


class AssignmentSettings(SettingsTable):
    """A role for somebody whom tokens name by an id."""

    object: str | None = Field(
        default=None, description="Id of a person or a service: the claim `oid` at Entra ID, else `sub`."
    )
    group: str | None = Field(default=None, description="A value of the claim `groups`.")
    app: str | None = Field(default=None, description="Id of the program: `appid`, `azp` or `client_id`.")
    role: RoleName = Field(default="user", description="Role: `user`, `reader`, `contributor` or `owner`.")
    project: ResourceName = Field(default="local", description="Project in which the role holds.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(bool(named) for named in (self.object, self.group, self.app)) != 1:
            raise ValueError("an assignment names one thing: an object, a group or an app")
        return self


class _SignInSettings(SettingsTable):
    """What is said of every issuer."""

    audience: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="What tokens must be for (`aud`): one of these. One text, or a list. Needed, unless "
        "`microsoft_audience` is set.",
    )
    microsoft_audience: bool = Field(
        default=False,
        description="Accept tokens that are for Azure's own service, too. Such a token opens Azure as well, so this "
        "server then holds credentials for Azure; better is an audience of your own.",
    )
    algorithms: Annotated[tuple[SigningAlgorithm, ...], NoDecode] = Field(
        default=("RS256",), min_length=1, description="Algorithms of signatures that are accepted."
    )
    leeway_s: int = Field(
        default=60, ge=0, le=300, description="Seconds by which clocks may differ when a token begins or expires."
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file with the authorities to trust for this issuer, instead of the system's."
    )
    role_claims: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("roles", "scp"),
        description="Claims in which roles stand, as a list or as words; a dot leads into a claim, such as "
        "`realm_access.roles`.",
    )
    roles: dict[str, RoleName] = Field(
        default_factory=dict,
        description="Which role each value of these claims gives. `Voxwire.User`, `Voxwire.Reader`, "
        "`Voxwire.Contributor` and `Voxwire.Owner` give theirs without being listed.",
    )
    assignments: tuple[AssignmentSettings, ...] = Field(
        default=(), description="Roles for people, groups and programs by their ids."
    )
    default_role: RoleName | None = Field(
        default=None,
        description="Role of everybody who has a good token and no other role. Left out: they are refused.",
    )
    project: ResourceName = Field(
        default="local", description="Project of those whose role comes from a claim or by default."
    )

    @field_validator("audience", "algorithms", "role_claims", "tenant", "tenants", mode="before", check_fields=False)
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            try:
                return json.loads(value)
            except json.JSONDecodeError:
                raise ValueError("starts like a JSON list but is none") from None
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @model_validator(mode="after")
    def _for_somebody(self) -> Self:
        if not self.microsoft_audience and (azures := set(self.audience) & set(MICROSOFT_AUDIENCES)):
            raise ValueError(
                f"tokens for {min(azures)} are valid at Azure, too. Register an application of your own and name it as "
                "audience, or set microsoft_audience = true if you mean it"
            )
        if not self.audiences:
            raise ValueError("say in audience what the tokens must be for, such as api://YOUR-APPLICATION-ID")
        return self

    @property
    def audiences(self) -> tuple[str, ...]:
        """All that a token may be for."""
        return (*self.audience, *(MICROSOFT_AUDIENCES if self.microsoft_audience else ()))


class IssuerSettings(_SignInSettings):
    """An OpenID Connect issuer."""

    issuer: str = Field(description="Who signs the tokens: exactly what stands in their claim `iss`, an https address.")
    other_issuers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="More values of `iss` whose tokens are signed with the same keys."
    )
    tenants: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="The claim `tid` must be one of these. Left out: it is not looked at."
    )
    subject_claim: str = Field(default="sub", description="Claim with the id of the person or service.")

    @field_validator("other_issuers", mode="before")
    @classmethod
    def _listed_issuers(cls, value: Any) -> Any:
        return cls._listed(value)

    @field_validator("issuer")
    @classmethod
    def _reachable(cls, address: str) -> str:
        return secure_address(address)

    @property
    def issuers(self) -> frozenset[str]:
        """All that `iss` may be."""
        return frozenset({self.issuer, *self.other_issuers})

    @property
    def discovery(self) -> str:
        """Where the issuer describes itself (OpenID Connect Discovery 1.0, section 4)."""
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


class EntraSettings(_SignInSettings):
    """Microsoft Entra ID."""

    tenant: Annotated[tuple[str, ...], NoDecode] = Field(
        min_length=1, description="Ids of the tenants whose tokens are accepted. One text, or a list."
    )
    authority: str = Field(
        default="https://login.microsoftonline.com", description="Address of Entra ID; other clouds have others."
    )

    @field_validator("authority")
    @classmethod
    def _reachable(cls, address: str) -> str:
        return secure_address(address).rstrip("/")

    @field_validator("tenant")
    @classmethod
    def _by_id(cls, tenants: tuple[str, ...]) -> tuple[str, ...]:
        for tenant in tenants:
            if not _TENANT.fullmatch(tenant):
                raise ValueError(
                    f"{tenant!r} is not the id of a tenant, which is what tokens name it by; see `az account show`"
                )
        return tuple(tenant.lower() for tenant in tenants)

    def as_issuer(self) -> IssuerSettings:
        """The same as is said of any issuer: tokens of both versions, of these tenants alone.

        All tenants have the same keys, so the first one's are asked for.
        """
        (first, *others) = (f"{self.authority}/{tenant}/v2.0" for tenant in self.tenant)
        common = {name: getattr(self, name) for name in _SignInSettings.model_fields}
        # A token of version 2 has the bare id of the application where one of version 1 has its address.
        ids = [audience.removeprefix("api://") for audience in self.audience if _TENANT.fullmatch(audience[6:])]
        common["audience"] = (*self.audience, *(found for found in ids if found not in self.audience))
        return IssuerSettings(
            **common,
            issuer=first,
            other_issuers=(*others, *(f"{_VERSION_1}/{tenant}/" for tenant in self.tenant)),
            tenants=self.tenant,
            subject_claim="oid",
        )


def secure_address(address: str) -> str:
    """The address, if it is one of https, or of plain http on this machine; raises ValueError."""
    try:
        parts = urlsplit(address)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    else:
        secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        plain = not (parts.query or parts.fragment or parts.username is not None or "?" in address or "#" in address)
    if not port_is_fine or not parts.hostname or not secure or not plain:
        raise ValueError("an issuer has an https address, such as https://login.example/realms/ours")
    return address
