"""Two votes made one: what the words look like, and how likely a turn model takes the turn to be over."""

from typing import Final

from voxwire.interfaces.turn import TurnSign

#: Below this the voice goes on, above the other it has finished; between them it says nothing. Measured for
#: smart-turn v3.2: docs/engines/smart-turn.md.
GOES_ON: Final = 0.2
HAS_FINISHED: Final = 0.9

_MORE: Final = {
    TurnSign.FINISHED: TurnSign.OPEN,
    TurnSign.LIKELY: TurnSign.HESITANT,
    TurnSign.OPEN: TurnSign.HESITANT,
}
_LESS: Final = {
    TurnSign.LIKELY: TurnSign.FINISHED,
}


def verdict(words: TurnSign | None, score: float | None) -> TurnSign | None:
    """`words` is the sign of the text, `score` the model's; None for whoever does not vote.

    The model moves the sign by a step and never decides: it takes digits that are read out and a third of the broken
    sentences for the end, and a quarter of the whole ones for the middle. What the words leave open, it can only make
    more patient.
    """
    if score is None:
        return words
    sign = words or TurnSign.OPEN
    if score < GOES_ON:
        return _MORE.get(sign, sign)
    if score > HAS_FINISHED:
        return TurnSign.LIKELY if words is None else _LESS.get(sign, sign)
    return words
