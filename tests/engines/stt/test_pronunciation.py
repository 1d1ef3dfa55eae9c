import pytest

from voxwire.engines.stt.pronunciation import LetterToSound

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def letter_to_sound():
    return LetterToSound()


@pytest.mark.parametrize(
    ("word", "phones"),
    [("hello", "HH AH L OW"), ("murfreesboro", "M ER F R IY Z B ER OW"), ("jeddah", "JH EH D AH")],
)
def test_phones_are_those_of_the_dictionary(letter_to_sound, word, phones):
    assert letter_to_sound.phones(word) == phones


def test_a_word_without_sound_has_none(letter_to_sound):
    assert letter_to_sound.phones("'") is None
