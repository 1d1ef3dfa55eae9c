"""Facts that stand in prose instructions: "It opens at nine." answers "When does it open?".

Without a language model nothing is understood, but a sentence that shares the words of a question often
holds its answer. It is quoted as what the instructions say, and what they tell the assistant to do is left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voxwire.engines.llm.assistant.text import plain_words, sentence

_MAX_SENTENCES: Final = 400
_MAX_CHARACTERS: Final = 300
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_BULLET: Final = re.compile(r"^[\s*•#>-]+|^\s*\d+[.)]\s+")
#: Sentences with these first words, or addressed to "you", tell what to do.
_ORDERS: Final = frozenset(
    "you your be do always never greet welcome say speak answer respond reply keep use ask help assist act pretend "
    "talk start begin please only avoid make ensure remember provide offer tell call transfer introduce listen wait "
    "repeat do not let follow stay translate confirm collect check stop end".split()
)
_ASKS: Final = frozenset("what when where who which whose why how until".split())
_ASKS_YES_OR_NO: Final = frozenset("is are do does did can could may will would should has have was were".split())
_TELLS: Final = tuple(
    plain_words(text)
    for text in ("tell me", "i want to know", "i would like to know", "do you know", "can you tell me")
)
_EMPTY: Final = frozenset(
    "a an the this that these those it its he she they them we us our i me my you your of in on at to for from by with "
    "and or not no there here be been being am much many long late early time about know tell want please exactly now "
    "today any some".split()
) | _ASKS | _ASKS_YES_OR_NO  # fmt: skip
_TIME: Final = frozenset(
    "am pm noon midnight o'clock morning afternoon evening night daily hours monday tuesday wednesday thursday friday "
    "saturday sunday weekdays weekends january february march april may june july august september october november "
    "december one two three four five six seven eight nine ten eleven twelve".split()
)
_MONEY: Final = frozenset(
    "cost costs price prices fee fees free dollars dollar euros euro pounds cents percent charge".split()
)
_PLACE: Final = frozenset(
    "street road avenue square floor upstairs downstairs building city town near behind opposite next located left "
    "right entrance corner room".split()
)
#: Stems of other words for what a question may name.
_ALIKE: Final = {
    "hours": ("open", "clos"), "open": ("hour",), "close": ("hour",), "address": ("street", "road", "avenu", "locat"),
    "located": ("address",), "price": ("cost",), "cost": ("pric",), "phone": ("telephon", "numb"),
}  # fmt: skip
#: First words of a sentence that have their capital from there alone.
_NO_NAMES: Final = frozenset("it the we our there they this all a an its in on at".split())
_ENDINGS: Final = ("ings", "ing", "ied", "ies", "ed", "es", "s", "e", "y")


@dataclass(frozen=True)
class Fact:
    text: str
    words: frozenset[str]
    stems: frozenset[str]


def read_facts(text: str) -> tuple[Fact, ...]:
    """The sentences of an instruction text that may answer a question."""
    facts = []
    for piece in _SENTENCE_END.split(text, maxsplit=_MAX_SENTENCES)[:_MAX_SENTENCES]:
        written = _BULLET.sub("", piece).strip()
        words = plain_words(written) if len(written) <= _MAX_CHARACTERS else ()
        if len(words) < 3 or words[0] in _ORDERS or "you" in words or written.endswith(("?", ":")):
            continue
        facts.append(Fact(written, frozenset(words), frozenset(map(_stem, words))))
    return tuple(facts)


def fact_for(facts: Sequence[Fact], words: tuple[str, ...]) -> str | None:
    """What the instructions say to a question, given as plain words; None when they say nothing, or it is none."""
    asked = next((words[len(lead) :] for lead in _TELLS if words[: len(lead)] == lead), words)
    if not asked or (asked is words and words[0] not in _ASKS | _ASKS_YES_OR_NO):
        return None
    content = {_stem(word) for word in asked if word not in _EMPTY}
    alike = content.union(*(_ALIKE.get(word, ()) for word in asked))
    wanted = _kind_of_answer(asked)
    # "Can I bring my dog" says more than it asks; "what is the capital of France" must share all but its filler.
    enough = 0.5 if asked[0] in _ASKS_YES_OR_NO else 0.51
    best, best_score = None, 0.0
    for fact in facts:
        shared = len(alike & fact.stems)
        fits = wanted is not None and bool(wanted & fact.words or any(word[0].isdigit() for word in fact.words))
        if shared and (fits or (wanted is None and shared >= enough * len(content))):
            score = shared / max(len(content), 1) + fits
            best, best_score = (fact, score) if score > best_score else (best, best_score)
    return f"Your instructions say: {_continued(best.text)}" if best else None


def _kind_of_answer(asked: tuple[str, ...]) -> frozenset[str] | None:
    """Words of which the answer has one: a time, a price, a place; None where any sentence may be one."""
    start = asked[:3]
    if "when" in start or "time" in start or "hours" in asked or start[:2] in (("how", "late"), ("how", "long")):
        return _TIME
    if start[:2] == ("how", "much") or {"cost", "price", "fee"} & set(asked):
        return _MONEY
    return _PLACE if "where" in start or "address" in asked else None


def _continued(text: str) -> str:
    """The sentence as it goes on after a colon; a name keeps its capital."""
    first = text.split(maxsplit=1)[0]
    lower = first.lower() in _NO_NAMES
    whole = sentence(text)
    return whole[0].lower() + whole[1:] if lower else whole


def _stem(word: str) -> str:
    """A rough stem, the same for "opens", "opening" and "open", and for "close" and "closed"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
