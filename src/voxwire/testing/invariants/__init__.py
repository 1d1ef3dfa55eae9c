"""The promises of a session, checked on everything that it says (docs/architecture.md, "Invariants").

- `session_promises`: all of them; what tests, property tests and the fuzz target use
- `conversation_promises`: speech, items, and the words that were heard
- `response_promises`: answers, their items and parts, and what engines make of them
- `hearing_promises`: what detectors and recognisers are given
- `promise`: one that is broken
"""

from voxwire.testing.invariants.promise import InvariantBroken
from voxwire.testing.invariants.session_promises import Invariants

__all__ = ["InvariantBroken", "Invariants"]
