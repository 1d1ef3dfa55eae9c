"""Which words of a growing hypothesis are final."""

from voxwire.engines.stt.pocketsphinx.hypothesis import Hypothesis, Segment, joined
from voxwire.engines.stt.pocketsphinx.partials import Settled


def reading(text: str, step: int = 30) -> Hypothesis:
    return Hypothesis([Segment(word, i * step, (i + 1) * step, -1.0) for i, word in enumerate(text.split())])


def test_words_settle_when_they_stand_long_enough_and_lie_back_far_enough() -> None:
    settled = Settled()
    settled.update(40, reading("what"))
    settled.update(90, reading("what is the"))
    assert settled.words == []
    settled.update(120, reading("what is the time"))
    assert joined(settled.words) == "what"
    settled.update(180, reading("what is the time now"))
    assert joined(settled.words) == "what is the"


def test_a_word_that_changes_starts_anew() -> None:
    settled = Settled()
    settled.update(40, reading("watt is"))
    settled.update(100, reading("what is"))
    settled.update(150, reading("what is"))
    assert settled.words == []
    settled.update(180, reading("what is"))
    assert joined(settled.words) == "what is"


def test_two_decoders_must_agree() -> None:
    settled = Settled()
    for frames in (40, 200, 400):
        settled.update(frames, reading("what is the dime"), reading("what is my time"))
    assert joined(settled.words) == "what is"


def test_settled_words_stay_when_the_decoder_changes_its_mind() -> None:
    settled = Settled()
    settled.update(40, reading("what is"))
    settled.update(200, reading("what is"))
    changed = reading("watt is the time")
    settled.update(300, changed)
    assert joined(settled.words) == "what is"
    assert joined(settled.complete(changed)) == "what is the time"
    assert joined(settled.complete(reading("what is the time"))) == "what is the time"
    assert joined(settled.complete(Hypothesis([]))) == "what is"
