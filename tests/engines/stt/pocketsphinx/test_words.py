"""Text as plain words, and the recogniser's tokens."""

# ruff: noqa: RUF001 - look-alike characters are what is tested
import pytest

from voxwire.engines.stt.pocketsphinx.words import heard, plain


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("What's the weather in São Paulo?", "what's the weather in sao paulo"),
        ("Winston–Salem, N.C.", "winston salem n c"),
        ("it’s o’clock", "it's o'clock"),
        ("  spaces\tand\nlines ", "spaces and lines"),
        ("room 101", None),
        ("今日は", None),
        ("", None),
        ("?!", None),
        ("' '", None),
    ],
)
def test_plain_words(sentence: str, words: str | None) -> None:
    assert plain(sentence) == words


@pytest.mark.parametrize(
    ("token", "word"),
    [("read(2)", "read"), ("b.", "b"), ("it's", "it's"), ("<sil>", None), ("[NOISE]", None), ("++COUGH++", None)],
)
def test_tokens_of_the_recogniser(token: str, word: str | None) -> None:
    assert heard(token) == word
