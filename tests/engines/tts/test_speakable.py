"""Text as a voice can read it, and the way back."""

# ruff: noqa: RUF001 - look-alike characters are what is tested
import pytest

from voxwire.engines.tts.speakable import speakable


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain words", "plain words"),
        ("café naïve Łódź", "cafe naive lodz"),
        ("“it’s”", '"it\'s"'),
        ("5 × 3", "5  times  3"),
        ("**bold**", "  bold  "),
        ("a\x00b\n", "a b "),
        ("日本 ok", "   ok"),
        ("½ cup", "1/2 cup"),
    ],
)
def test_ascii_reading(text: str, read: str) -> None:
    assert speakable(text, ascii_only=True).text == read


@pytest.mark.parametrize("text", ["", "   ", "…", "!?", "👋", "\u200b", "***", "\U0010f83d"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_what_has_no_sound_is_empty(text: str, ascii_only: bool) -> None:
    assert speakable(text, ascii_only=ascii_only).text == ""


def test_other_scripts_are_kept_for_voices_that_know_them() -> None:
    assert speakable("日本 ok", ascii_only=False).text == "日本 ok"
    assert speakable("日本", ascii_only=True).text == ""


def test_spans_lead_back_to_the_original() -> None:
    text = "“Straße” is 5€"
    readable = speakable(text, ascii_only=True)
    for word, original in (("Strasse", "Straße"), ("is", "is"), ("euros", "€")):
        at = readable.text.index(word)
        start, end = readable.span(at, at + len(word))
        assert text[start:end] == original
