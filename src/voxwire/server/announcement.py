"""What a person at the terminal is told when clients may come."""

from dataclasses import dataclass

from voxwire.runtime import Service
from voxwire.server.access import Access


@dataclass(frozen=True, slots=True)
class Announced:
    """Of a server that has started. `by_rules`: no deployment has a language model. `needs_credential`: nobody comes in
    without a key or token; `stored_keys`: some of these keys are in the database."""

    answers_from: str
    by_rules: bool
    needs_credential: bool
    stored_keys: bool


def announced(service: Service, access: Access) -> Announced:
    """Once what is stored has been read."""
    engines = [hosted.stages["llm"] for hosted in service.directory.all if "llm" in hosted.stages]
    return Announced(
        answers_from=service.directory.answers_from,
        by_rules={engine.capabilities.info.name for engine in engines} == {"offline-assistant"},
        needs_credential=access.authenticator.required,
        stored_keys=access.stored_keys.required,
    )
