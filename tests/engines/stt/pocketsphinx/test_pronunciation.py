"""How words sound that the dictionary lacks, or that are said in passing."""

import pytest

from voxwire.engines.stt.pocketsphinx.pronunciation import LetterToSound, in_passing

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def letter_to_sound() -> LetterToSound:
    return LetterToSound()


@pytest.mark.parametrize(
    ("word", "phones"),
    [("hello", "HH AH L OW"), ("murfreesboro", "M ER F R IY Z B ER OW"), ("jeddah", "JH EH D AH")],
)
def test_phones_are_those_of_the_dictionary(letter_to_sound: LetterToSound, word: str, phones: str) -> None:
    assert letter_to_sound.phones(word) == phones


def test_a_word_without_sound_has_none(letter_to_sound: LetterToSound) -> None:
    assert letter_to_sound.phones("'") is None


@pytest.mark.parametrize(
    ("careful", "passing"),
    [
        ("F R AE N S IH S K OW", "F ER N S IH S K OW"),
        ("K AE L AH F AO R N Y AH", "K AH L AH F AO R N Y AH"),
        ("AE T L AE N T AH", "AH T L AE N T AH"),
        ("HH AH L OW", None),  # too short
        ("IY L IY N OY", None),  # a vowel that keeps its colour
        ("CH AH K AA G OW", None),  # weak already
    ],
)
def test_long_words_weaken_in_passing(careful: str, passing: str | None) -> None:
    assert in_passing(careful) == passing
