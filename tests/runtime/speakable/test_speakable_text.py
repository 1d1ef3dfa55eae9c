"""Text written for the eye, made speakable: what is read, what is silent, and where each spoken word was written."""

import string
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voxwire.runtime.speakable.inline import LOOKAHEAD
from voxwire.runtime.speakable.lines import CODE, SpeakableText


def spoken(*pieces: str) -> tuple[str, list[int]]:
    """What is spoken of a message, and for each number of spoken characters how many written ones were heard."""
    speakable = SpeakableText()
    said = "".join(map(speakable.feed, pieces)) + speakable.flush()
    return said, [speakable.written_at(count) for count in range(len(said) + 1)]


def read(text: str) -> str:
    return spoken(text)[0]


class TestInsideALine:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("**Bold** and *soft*, __both__ _ways_.", "Bold and soft, both ways."),
            ("***Very*** much ~~so~~", "Very much so"),
            ('(**Note:** "*see*")', '(Note: "see")'),
            ("这是**重点**内容", "这是重点内容"),
            ("Call `get_name()` or ``a`b``.", "Call get_name() or a`b."),
            ("`**kept**`", "**kept**"),
            (r"\*not\* \_this\_, C:\new", "*not* _this_, C:\\new"),
        ],
    )
    def test_emphasis_and_code(self, text: str, said: str) -> None:
        assert read(text) == said

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("See [the docs](https://a.org/x) now.", "See the docs now."),
            ('[**All** (x)](a(b)c "A title") ok', "All (x) ok"),
            ("![A cat](cat.png) and ![](b.png).", "A cat and ."),
            ("[![badge](a.svg)](https://a.org) done", "badge done"),
            ("[https://a.org/very/long](https://a.org/very/long)", "a.org"),
            ("Known[^1] fact[^note].", "Known fact."),
        ],
    )
    def test_links_and_images(self, text: str, said: str) -> None:
        assert read(text) == said

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("Go to https://www.example.com/a/b?c=d#e.", "Go to example.com."),
            ("Is it http://localhost:8080/x? Yes.", "Is it localhost:8080? Yes."),
            ("(see example.com/docs/a_b, or docs.example.co.uk/x)", "(see example.com, or docs.example.co.uk)"),
            ("<https://example.com/a>, www.example.org!", "example.com, example.org!"),
            ("https://example.com?q=1 https://example.com#top", "example.com example.com"),
            ("HTTPS://EXAMPLE.COM/X…", "EXAMPLE.COM…"),
            ("**https://example.com/x**", "example.com"),
        ],
    )
    def test_addresses_are_their_host(self, text: str, said: str) -> None:
        assert read(text) == said

    @pytest.mark.parametrize(
        "picture",
        ["👋", "👋🏽", "👨‍👩‍👧", "🇩🇪", "1️⃣", "#️⃣", "*️⃣", "❤️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "✅", "⭐"],
    )
    def test_pictures_are_silent(self, picture: str) -> None:
        assert read(f"Well{picture}, {picture}") == "Well, "
        assert read(picture) == ""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("One<br>two<BR/>three", "One\ntwo\nthree"),
            ("<p>One</p>two", "One\ntwo"),
            ('<a href="https://a.org">here</a> <b>bold</b><!-- no -->.', "here bold."),
        ],
    )
    def test_tags(self, text: str, said: str) -> None:
        assert read(text) == said


class TestLines:
    def test_headings_and_items_end_like_sentences(self) -> None:
        text = "# Plan\n\n- eggs\n* **milk**\n  + from *here*:\n1. first\n2. second!\n\nDone\n## End"
        assert read(text) == "Plan.\n\neggs.\nmilk.\nfrom here:\n1. first.\n2. second!\n\nDone\nEnd"

    def test_boxes_quotes_and_rules(self) -> None:
        assert read("- [ ] this\n- [x] that\n- [see](x)\n") == "this.\nthat.\nsee.\n"
        assert read("> They said\n> > so\n>\n>5") == "They said\nso\n\n>5"
        assert read("One\n---\n* * *\n___\n=====\ntwo") == "One\n\n\n\n\ntwo"

    @pytest.mark.parametrize("fence", ["```", "````", "~~~"])
    def test_code_is_told_of_once(self, fence: str) -> None:
        code = f"{fence}python\nprint('**x**')\n\n``\n# no heading\n{fence}\n"
        assert read(f"Try:\n{code}Good.\n{code}") == f"Try:\n{CODE}\nGood.\n{CODE}\n"
        assert read(f"- so:\n  {fence}\n  x = 1\n  {fence}\nGood.") == f"so:\n{CODE}\nGood."

    def test_code_that_never_ends(self) -> None:
        assert read("```\n" + "word " * 1000) == CODE
        assert read("```") == CODE

    def test_code_in_one_line_is_read(self) -> None:
        assert read("```print(1)``` does it") == "print(1) does it"

    def test_tables_are_read_row_by_row(self) -> None:
        text = "Here:\n| Name | Age |\n|:-----|---:|\n| Ann | 5 |\n| **Bob** | |\n| a\\|b | `c` | d |\n\nDone."
        assert read(text) == "Here:\n\nName: Ann, Age: 5.\nName: Bob.\nName: a|b, Age: c, d.\n\nDone."

    def test_bars_that_are_no_table(self) -> None:
        for text in ("|x| is never\nnegative", "| a | b |\nno", "| a | b |", "|" * 1500 + "\n|-|\n"):
            assert read(text) == text


PLAIN = [
    "Hello, how are you? I'm fine: 42 of 100, that's 42 %.",
    "5 * 3 is 15, 2 ** 3 is 8, 2**3 too, and a*b*c; 3 < 5 > 2, a<b, x <name> y",
    "a_b, snake_case_name, C#, F# minor, #1, #hashtag, ~5 minutes, f***!",
    "It was on the 1. May, either and/or neither, his/her, km/h, 1/2, Node.js/Express.",
    "-5 degrees\n+49 30\n12:30\n1.5 litres\n2024. A year\n = 3",
    "Array[1], [1], [note], (brackets), {braces}, x = a[i] (y)",
    "Say `hello, 'quoted', a\\b, 50$ & more | less",
    "http and https, www and wwww, ht, h",
    "é, ñ, 你好。 → ½ © ™ € क्‍ष",
    "  indented\n\n\ttoo  \nhard break  \n",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_stays_as_it_is(text: str) -> None:
    speakable = SpeakableText()
    assert speakable.feed(text) + speakable.flush() == text
    assert speakable.unchanged
    assert [speakable.written_at(count) for count in range(len(text) + 1)] == list(range(len(text) + 1))


class TestWaiting:
    def test_words_pass_at_once(self) -> None:
        speakable = SpeakableText()
        for piece in ("Hello", " there", ".", " How", " are", " you", "?", "\n", "\n", "Fine", ", ", "thanks"):
            assert speakable.feed(piece) == piece

    def test_what_may_be_a_mark_waits_for_one_more_character(self) -> None:
        for begun, rest in (("*", " 3"), ("!", " x"), ("4", "2"), ("htt", "x"), ("<", " 2"), ("[", None), ("`", None)):
            speakable = SpeakableText()
            assert speakable.feed("so ") == "so "
            assert speakable.feed(begun) == ""
            if rest:
                assert speakable.feed(rest).startswith(begun)

    @pytest.mark.parametrize("mark", ["[", "`", "```", "<a ", "![", "<!-- "])
    def test_what_is_never_closed_is_released(self, mark: str) -> None:
        speakable = SpeakableText()
        text = f"so {mark}" + "word " * 100
        said = "".join(map(speakable.feed, text))
        assert len(said) >= len(text) - LOOKAHEAD
        assert said + speakable.flush() == text

    def test_a_table_row_without_end_is_released(self) -> None:
        speakable = SpeakableText()
        assert len("".join(map(speakable.feed, "| word " * 300))) > 1000


class TestWhereItWasWritten:
    def test_a_word_is_heard_with_its_marks(self) -> None:
        text = "Say **bold** [words](https://a.org/b) on example.com/path now"
        said, written = spoken(text)
        assert said == "Say bold words on example.com now"
        heard = {word: text[: written[said.index(word) + len(word)]] for word in said.split()}
        assert heard == {
            "Say": "Say",
            "bold": "Say **bold**",
            "words": "Say **bold** [words](https://a.org/b)",
            "on": "Say **bold** [words](https://a.org/b) on",
            "example.com": "Say **bold** [words](https://a.org/b) on example.com/path",
            "now": text,
        }

    def test_code_is_heard_when_it_was_told_of(self) -> None:
        text = "So:\n```\nx = 1\n```\nOk"
        said, written = spoken(text)
        assert said == f"So:\n{CODE}\nOk"
        end = said.index(CODE) + len(CODE)
        assert text[: written[end - 1]] == "So:\n"
        assert text[: written[end]] == "So:\n```\nx = 1\n```"

    def test_cells_are_heard_where_they_stand(self) -> None:
        text = "| A | B |\n|---|---|\n| one | two |\n"
        said, written = spoken(text)
        assert said == "\nA: one, B: two.\n"
        assert text[: written[said.index("one") + 3]].endswith("| one")
        assert text[: written[said.index("two") + 3]].endswith("| one | two |")

    def test_all_was_heard_at_the_end(self) -> None:
        for text in ("Well 👋", "**a**", "x\n```\ny", "- a\n\n---\n", "See [a](b"):
            said, written = spoken(text)
            assert written[len(said)] == len(text)


MARKUP = st.sampled_from(
    [
        *"*_`~[]()!<>#|-=+\\/.?:&1 \n\taé你",
        "**", "***", "__", "```", "~~~", "](", "![", "- ", "1. ", "# ", "> ", "|-|-|\n", "| a | b |\n", "---\n", "\n\n",
        "https://", "www.", "a.com", "a.com/b", "<br>", "</p>", "<b ", "<!--", "-->", "👋", "\u200d", "\ufe0f",
        "\u20e3", "[^1]", "[ ] ", "word", " and ", "x" * 90, "wo rd " * 40,
    ]
)  # fmt: skip
TEXTS = st.one_of(st.lists(MARKUP, max_size=30).map("".join), st.text(string.printable + "*_`[]()|", max_size=60))


@given(TEXTS, st.data())
@example("| a |\n|-|\n" + "| b " * 260, None)
@example("https://a.com/" + "." * 40 + " x", None)
@example("👨\u200d👩 1\ufe0f\u20e3", None)
def test_how_the_text_is_cut_makes_no_difference(text: str, data: st.DataObject | None) -> None:
    whole = spoken(text)
    assert spoken(*text) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
        assert spoken(*(text[begin:end] for begin, end in pairwise([0, *cuts, len(text)]))) == whole


@given(TEXTS)
def test_positions_rise_and_cover_everything(text: str) -> None:
    said, written = spoken(text)
    assert written == sorted(written)
    assert written[len(said)] == len(text)
    assert 0 <= written[0] <= len(text)


@given(st.text(string.ascii_letters + string.digits + " ,.;:'\"()?!%&$@{}", max_size=200))
def test_text_without_marks_is_never_changed(text: str) -> None:
    text = text.replace("www.", "").replace("1.", "").replace("://", "")
    assert read(f"a{text}") == f"a{text}"
