"""What an engine needs on disk before it starts."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class NeedsModels(Protocol):
    """Of an engine whose models are files. It never fetches them: whoever starts it does so before, and shows progress.

    An engine whose model is not there when it starts raises ConfigurationError, with the command that fetches it.
    """

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the catalogue, or paths, as the engine's options have them; those that it falls back to as well."""
        ...
