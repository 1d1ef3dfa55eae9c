"""The core: the protocol of a conversation, without I/O (docs/architecture.md, "The core").

- `session`: the way in and out: client events and results of engines in, commands and server events out
- `listener`: input audio to turns, by `turn_detector`; `turn_in_progress`: the present one; `interruption`: whether
  speech interrupts an answer; `transcripts`: the recognition of turns
- `conversation`: items in order; `client_items`: those that the client makes
- `responder`: who may speak when; `response_input`: what the client hands in to be answered; `plan`: what is asked
  of the engines; `response_run`: one answer; `output_message`: one message of it; `ledger`: which audio carries
  which words
- `drafts`: answers begun before the turn is certain
- `playout`: when an answer will have been heard; `idle`: the silence after it; `alarms`: all deadlines
- `context`: what the language engine reads; `rate_window`, `timings`: what is counted
- `update`: of the session's settings; `checks`: what no update and no answer may ask;
  `limits`: its bounds; `state`: what the parts share
"""

from voxwire.session.limits import Capabilities, Limits
from voxwire.session.session import Session

__all__ = ["Capabilities", "Limits", "Session"]
