"""What readings agree on, and what words are to the listener."""

import pytest

from voxwire.engines.stt.whisper.messages import HeardWord, TokenChance
from voxwire.engines.stt.whisper.readings import Agreement, joined_words, whisper_final
from voxwire.interfaces.engine import Word


def heard(text: str) -> list[HeardWord]:
    return [HeardWord(f" {word}", [len(word)]) for word in text.split()]


def certain(*readings: str) -> str:
    agreement = Agreement()
    for reading in readings:
        joined = agreement.join(heard(reading))
        if joined is not None:
            agreement.read(joined)
    return joined_words(agreement.certain)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ((), ""),
        (("I want",), ""),
        (("I want", "I want"), "I"),
        (("I want to", "I want two cups"), "I want"),
        (("I want.", "I want to go"), "I"),
        (("I want to go", "You want to go"), ""),
        (("I want to go", "I want to go", "I want"), "I want to"),
        (("I want to go", "I want to go", "We want to go home", "We want to go home"), "I want to"),
        (("Well I want", "Well I want", "Well, I want to", "Well, I want to"), "Well I want"),
    ],
)
def test_words_are_certain_when_two_readings_have_them_and_something_after_them(
    readings: tuple[str, ...], expected: str
) -> None:
    assert certain(*readings) == expected


def test_what_is_certain_stays_as_it_was_spelt() -> None:
    agreement = Agreement(heard("Well I"))
    joined = agreement.join(heard("well, I want"))
    assert joined is not None
    assert joined_words(joined) == "Well I want"
    assert agreement.join(heard("Well")) is None
    assert agreement.join(heard("Will I want")) is None


def test_the_tokens_of_what_is_certain() -> None:
    assert Agreement(heard("one three")).tokens == [3, 5]


def test_a_final_has_details_only_when_asked() -> None:
    words = [
        HeardWord(" Hello,", [1, 2], 100.0, 400.0, [TokenChance(" Hello", -0.1), TokenChance(",", -0.2)]),
        HeardWord(" you", [3], 500.0, 600.0, [TokenChance(" you", -0.3)]),
    ]
    plain = whisper_final(words, details=False)
    assert (plain.text, plain.words, plain.logprobs) == ("Hello, you", (), None)
    final = whisper_final(words, details=True)
    assert final.words == (
        Word(text="Hello,", start=0, end=6, start_ms=100.0, end_ms=400.0),
        Word(text="you", start=7, end=10, start_ms=500.0, end_ms=600.0),
    )
    assert final.logprobs is not None
    assert [(likely.token, likely.logprob) for likely in final.logprobs] == [
        ("Hello", -0.1),
        (",", -0.2),
        (" you", -0.3),
    ]


def test_a_final_without_words() -> None:
    final = whisper_final([], details=True)
    assert (final.text, final.words, final.logprobs) == ("", (), ())
