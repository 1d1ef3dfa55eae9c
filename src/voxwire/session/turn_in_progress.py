"""What a session knows of the turn that somebody is speaking."""

from dataclasses import dataclass

from voxwire.session.transcripts import Utterance
from voxwire.session.turn_detector import TurnDetector


@dataclass(eq=False, slots=True)
class TurnInProgress:
    """Somebody is speaking: the future item, where it starts, and the recogniser that listens. Speech was found from
    the tick `begun` to the tick `spoken`.

    `suspected`: an answer is heard, and it is not certain yet that this interrupts it; nobody was told.
    `held`: its words were asked for in the pause that is now. The silence goes to the recogniser only if it was a
    pause and no more, so that otherwise the words are those that are known already.
    `judged`: the words that were known when its last pause was judged; None while none was.
    """

    item_id: str
    start: int
    fed: int
    utterance: Utterance
    begun: int
    spoken: int
    held: bool = False
    suspected: bool = False
    judged: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A pause of the turn is being judged, under this number."""

    number: int
    turn: TurnInProgress
    detector: TurnDetector
