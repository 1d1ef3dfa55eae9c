# ruff: noqa: RUF001 - the look-alike characters are the subject of this file
"""What is written in figures and signs, as it is read out."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voxwire.engines.tts.onnx.token_times import written_words
from voxwire.engines.tts.reading.english_numbers import amount, cardinal, figures, ordinal, year
from voxwire.engines.tts.reading.read_out import read_out
from voxwire.engines.tts.speakable import speakable

ENGLISH: dict[str, list[tuple[str, str | None]]] = {
    "money": [
        ("$5.20", "five dollars and twenty cents"),
        ("$1", "one dollar"),
        ("$0.01", "one cent"),
        ("£0.99", "ninety-nine pence"),
        ("£3bn", "three billion pounds"),
        ("$1.5 million", "one point five million dollars"),
        ("US$5k", "five thousand dollars"),
        ("5 €", "five euros"),
        ("20 EUR", "twenty euros"),
        ("$1,000.50", "one thousand dollars and fifty cents"),
        ("$0.00", "zero dollars"),
    ],
    "times": [
        ("10:30", "ten thirty"),
        ("9:05 pm", "nine oh five P M"),
        ("9 a.m.", "nine A M"),
        ("12:00", "twelve o'clock"),
        ("10:30:15", "ten hours, thirty minutes and fifteen seconds"),
        ("24/7", "twenty-four seven"),
    ],
    "dates": [
        ("2026-11-29", "November twenty-ninth, twenty twenty-six"),
        ("12/25/2026", "December twenty-fifth, twenty twenty-six"),
        ("25/12/2026", "December twenty-fifth, twenty twenty-six"),
        ("Nov 29, 2026", "November twenty-ninth, twenty twenty-six"),
        ("July 4th", "July fourth"),
        ("3rd of May", "third of May"),
        ("3 May 2001", "third of May, two thousand and one"),
        ("June 1999", "June nineteen ninety-nine"),
        ("in 1999", "in nineteen ninety-nine"),
        ("the 1980s", "the nineteen eighties"),
        ("1990–1995", "nineteen ninety to nineteen ninety-five"),
    ],
    "units": [
        ("5 km", "five kilometres"),
        ("1 km", "one kilometre"),
        ("100km/h", "one hundred kilometres an hour"),
        ("-5 °C", "minus five degrees Celsius"),
        ("20%", "twenty percent"),
        ("5-10 kg", "five to ten kilograms"),
        ("256GB", "two hundred and fifty-six gigabytes"),
        ("90°", "ninety degrees"),
    ],
    "numbers": [
        ("42", "forty-two"),
        ("1,234.5", "one thousand two hundred and thirty-four point five"),
        ("3.14", "three point one four"),
        ("007", "zero zero seven"),
        ("−3", "minus three"),
        ("1/2", "one half"),
        ("3/4", "three quarters"),
        ("2½", "two and a half"),
        ("1st", "first"),
        ("22nd", "twenty-second"),
        ("1,000th", "one thousandth"),
        ("3.11.7", "three point eleven point seven"),
        ("#1", "number one"),
        ("No. 5", "number five"),
        ("~7", "about seven"),
        ("10x20", "ten by twenty"),
        ("pages 10–12", "pages ten to twelve"),
        ("9" * 20, " ".join(["nine"] * 20)),
    ],
    "telephones": [
        ("555-1234", "five five five, one two three four"),
        ("+1 555-123-4567", "plus one, five five five, one two three, four five six seven"),
    ],
    "names": [
        ("Dr. Smith", "Doctor Smith"),
        ("e.g., this", "for example, this"),
        ("C++ and C#", "C plus plus and C sharp"),
        ("A4", "A four"),
        ("R&D", "R and D"),
        ("bread & butter", "bread and butter"),
        ("a.b@c.com", "a dot b at c dot com"),
        ("example.com", "example dot com"),
    ],
    "reckoning": [("5 + 3 = 8", "five plus three equals eight"), ("2 * 3 - 1", "two times three minus one")],
    "nothing": [
        ("A plain sentence.", "A plain sentence."),
        ("99/99/2026 is no date", None),
        ("well-known words", "well-known words"),
        ("a - b", "a - b"),
        ("x < y", "x < y"),
    ],
}


@pytest.mark.parametrize(
    ("written", "said"),
    [case for cases in ENGLISH.values() for case in cases if case[1]],
    ids=lambda text: text[:30],
)
@pytest.mark.parametrize("frame", ["{}", "It is {}, you know.", "({})"])
def test_english(written: str, said: str, frame: str) -> None:
    assert read_out(frame.format(written), "en-us").text == frame.format(said)


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("de", "Das sind 5,20 € um 10:30.", "Das sind 5,20 Euro um 10 Uhr 30."),
        ("de", "Am 2026-11-29 sind es -3 °C.", "Am 29. November 2026 sind es minus 3 Grad Celsius."),
        ("de", "20 % Regen", "20 Prozent Regen"),
        ("nl", "Dat is €5,20 om 10:00.", "Dat is 5,20 euro om 10 uur."),
        ("nl", "Mail jan@voorbeeld.nl over 5–7 km", "Mail jan apenstaartje voorbeeld punt nl over 5 tot 7 kilometer"),
        ("fr-fr", "1 km, 5 km, 20 %", "1 kilomètre, 5 kilomètres, 20 pour cent"),
        ("es", "Son 5 € & 1 kg", "Son 5 euros y 1 kilo"),
        ("ja", "5 km", "5 km"),
        ("", "5 km", "5 km"),
    ],
)  # fmt: skip
def test_other_languages_leave_numbers_to_the_voice(language: str, written: str, said: str) -> None:
    assert read_out(written, language).text == said


@pytest.mark.parametrize("text", ["", " ", "...", "\x00", "—"])
def test_what_has_no_sound_is_silent(text: str) -> None:
    assert read_out(text, "en").text == ""


def test_a_stretch_that_is_said_otherwise_is_one_word() -> None:
    text = "It costs $5.20 (or 5 km), on 2026-11-29!"
    words = [text[word.start : word.end] for word in written_words(read_out(text, "en"))]
    assert words == ["It", "costs", "$5.20", "or", "5 km", "on", "2026-11-29"]


@given(
    st.text(alphabet=st.sampled_from("0123456789.,:/-–$€%°kmsChx #&@½+th aAé日\n"), max_size=60),
    st.sampled_from(["en", "de"]),
)
def test_every_sound_has_a_place_in_the_text(text: str, language: str) -> None:
    read = read_out(text, language)
    assert len(read.text) == len(read.origin)
    assert read.origin == sorted(read.origin)
    assert all(0 <= at < len(text) for at in read.origin)
    words = written_words(read)
    assert all(0 <= word.start < word.end <= len(text) for word in words)
    assert all(before.end <= after.start for before, after in pairwise(words))


@given(st.text(alphabet=st.characters(exclude_categories=["N", "S", "P"]), max_size=80))
def test_letters_alone_are_said_as_they_are(text: str) -> None:
    assert read_out(text, "en") == speakable(text, ascii_only=False)


@given(st.text(alphabet="0123456789,.:/-–½ $€%kmvxsthnAM#~+()×", max_size=60))
@example("0.0.00k0")
@example("1–23a")
@example("½0")
def test_no_figure_is_left_in_english(text: str) -> None:
    assert not any(character in "0123456789" for character in read_out(text, "en").text)


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "zero"), (13, "thirteen"), (100, "one hundred"), (105, "one hundred and five"), (1_000_000, "one million"),
     (1_001, "one thousand and one"), (-7, "minus seven"), (20_300, "twenty thousand three hundred")],
)  # fmt: skip
def test_cardinals(number: int, said: str) -> None:
    assert cardinal(number) == said


def test_other_kinds_of_number() -> None:
    assert [ordinal(n) for n in (1, 12, 20, 21, 100)] == [
        "first",
        "twelfth",
        "twentieth",
        "twenty-first",
        "one hundredth",
    ]
    assert [year(n) for n in (1900, 1905, 1999, 2000, 2005, 2026)] == [
        "nineteen hundred", "nineteen oh five", "nineteen ninety-nine", "two thousand", "two thousand and five",
        "twenty twenty-six",
    ]  # fmt: skip
    assert figures("1-2 3") == "one two three"
    assert amount("+.5") == "plus zero point five"
