"""What knows one kind of credential."""

from typing import Protocol

from voxwire.runtime import Principal


class CredentialSource(Protocol):
    """One kind of credential: keys, tokens of an issuer. The `Authenticator` asks all of them in turn."""

    @property
    def required(self) -> bool:
        """Whether nobody is served without a credential because of what this source holds. May change at any time."""

    async def identify(self, credential: str) -> Principal | None:
        """Who holds this credential; None when it is not of this kind, or unknown.

        Raises RequestRefused (401) for one that only this kind can be, and that is bad: forged, expired, revoked.
        """

    def holds_secret(self, text: str) -> bool:
        """Whether a text of up to 64 characters contains a secret of this kind, and is not for the log."""
