"""Where text that arrives in pieces is cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.tts.clauses import ClauseSizes, ClauseSplitter

#: A voice that is slower than speech on a busy machine begins with a few words.
SLOW = ClauseSizes(soft=(8, 16, 40), most=(24, 48, 96))


def split(*pieces: str, sizes: ClauseSizes = ClauseSizes()) -> list[str]:  # noqa: B008 - it is a constant
    splitter = ClauseSplitter(sizes)
    clauses = [clause for piece in pieces for clause in splitter.feed(piece)]
    return [clause.text for clause in [*clauses, *splitter.flush()]]


class TestWhenAClauseIsComplete:
    def test_a_sentence_goes_out_once_white_space_follows(self) -> None:
        splitter = ClauseSplitter()
        assert splitter.feed("Hello there.") == []
        assert [clause.text for clause in splitter.feed(" How")] == ["Hello there. "]
        assert [clause.text for clause in splitter.flush()] == ["How"]

    def test_the_first_clause_ends_at_its_comma(self) -> None:
        assert split("It is twenty past nine, and the sun is out.") == [
            "It is twenty past nine, ",
            "and the sun is out.",
        ]

    def test_a_very_short_first_clause_waits_for_more(self) -> None:
        assert split("Well, I do not know that.") == ["Well, I do not know that."]

    def test_later_commas_stay_inside_their_sentence(self) -> None:
        assert split("Hello. Red, green and blue, these are colours.") == [
            "Hello. ",
            "Red, green and blue, these are colours.",
        ]

    def test_a_long_later_sentence_is_cut_at_a_comma(self) -> None:
        first = "Word after word after word goes by without any end in sight and without a stop, "
        assert split("Hello. " + first + "and it goes on.")[1:] == [first, "and it goes on."]

    @pytest.mark.parametrize(
        "text",
        [
            "Dr. Smith lives at 3 St. James Street.",
            "It is 3.14 or so.",
            "J. R. Hartley wrote it.",
            "Bring fruit, e.g. apples.",
            "1. Preheat the oven.",
            "That is $1,000.50 a year.",
        ],
    )
    def test_full_stops_inside_a_sentence_do_not_end_it(self, text: str) -> None:
        assert "".join(split(text)) == text
        assert all(len(clause) > 8 for clause in split(text))
        assert not any(clause.rstrip().endswith((" St.", "Dr.", "J.", "R.", "e.g.", "1.")) for clause in split(text))

    def test_other_scripts_have_their_own_full_stop(self) -> None:
        assert split("今日は。お元気ですか。") == ["今日は。", "お元気ですか。"]

    def test_text_without_any_boundary_is_bounded(self) -> None:
        assert max(map(len, split("word " * 500))) <= 240
        assert max(map(len, split("x" * 5_000))) <= 240
        assert all(clause.endswith(" ") for clause in split("word " * 500))


class TestSizes:
    TEXT = "The train to Amsterdam leaves in twenty minutes from the second platform on the left of the main hall."

    def test_clauses_grow_as_the_voice_gets_ahead(self) -> None:
        clauses = split(self.TEXT, sizes=SLOW)
        assert clauses[0] == "The train to Amsterdam "
        assert [len(clause) <= most * 1.5 for clause, most in zip(clauses, (24, 48, 96), strict=False)] == [True] * 3
        assert "".join(clauses) == self.TEXT

    def test_one_is_cut_where_a_speaker_takes_breath(self) -> None:
        assert split("I would like to know if you have a table for two people tonight", sizes=SLOW)[0] == (
            "I would like to know "
        )

    def test_a_sentence_that_is_a_little_longer_stays_whole(self) -> None:
        assert split("What can I do for you today? I can do much.", sizes=SLOW)[0] == "What can I do for you today? "

    def test_a_short_part_before_a_comma_is_spoken_at_once(self) -> None:
        assert split("Of course, I will do that for you.", sizes=SLOW)[0] == "Of course, "

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("今日の東京の天気は晴れで最高気温は二十五度になるでしょう", "今日の東京の"),
            ("明天北京的天气晴朗气温大约二十五度适合外出散步", "明天北京的天气晴"),
            ("สวัสดีครับวันนี้อากาศดีมากและผมอยากไปเดินเล่นที่สวนสาธารณะ", None),
            ("오늘 서울의 날씨는 맑고 기온은 이십오 도까지 올라갑니다", "오늘 서울의 "),
        ],
        ids=["Japanese", "Chinese", "Thai", "Korean"],
    )
    def test_scripts_without_spaces_begin_early_too(self, text: str, first: str | None) -> None:
        clauses = split(text, sizes=SLOW)
        assert len(clauses) > 1
        assert "".join(clauses) == text
        assert first is None or clauses[0] == first

    def test_thai_is_never_cut_before_a_mark_or_after_a_vowel_that_comes_first(self) -> None:
        for clause in split("เก็บน้ำที่โต๊ะไว้" * 20, sizes=SLOW)[:-1]:
            assert clause[-1] not in "เแโใไ"
        for clause in split("เก็บน้ำที่โต๊ะไว้" * 20, sizes=SLOW)[1:]:
            assert unicodedata.category(clause[0]) != "Mn"

    @pytest.mark.parametrize("mark", "、。）」々ーょっ")  # noqa: RUF001
    def test_nothing_begins_with_a_mark_that_ends(self, mark: str) -> None:
        for clause in split(("日" * 5 + mark) * 30, sizes=SLOW)[1:]:
            assert clause[0] != mark

    def test_a_family_of_emoji_and_a_name_in_latin_stay_whole(self) -> None:
        for text in ("日本" * 3 + "Voxwire" + "日本" * 10, "👩\u200d👩\u200d👧" * 30):
            for clause in split(text, sizes=SLOW)[:-1]:
                assert not clause.endswith(("\u200d", "Vox", "V"))


@given(st.lists(st.text(alphabet=st.sampled_from("ab1 .,!?\n—。'\"é")), max_size=30))
def test_clauses_tile_the_text(pieces: list[str]) -> None:
    splitter = ClauseSplitter()
    clauses = [clause for piece in pieces for clause in splitter.feed(piece)] + splitter.flush()
    assert "".join(clause.text for clause in clauses) == "".join(pieces)
    assert [clause.start for clause in clauses] == [
        sum(len(before.text) for before in clauses[:index]) for index in range(len(clauses))
    ]


@given(st.lists(st.text(alphabet=st.sampled_from("ab1 .,!?\n—。เก日のア\u0e47'\"é")), max_size=30))
def test_clauses_of_any_size_tile_the_text(pieces: list[str]) -> None:
    assert "".join(split(*pieces, sizes=SLOW)) == "".join(pieces)
    assert all(split(*pieces, sizes=SLOW)) or not any(pieces)


@given(st.text(alphabet=st.sampled_from("ab1 .,!?\n"), max_size=400), st.integers(1, 50))
def test_the_pieces_do_not_matter_once_all_is_there(text: str, size: int) -> None:
    """Whatever the pieces, no clause is cut in the middle of a word of ordinary length."""
    for clause in split(*(text[at : at + size] for at in range(0, len(text), size)))[:-1]:
        assert clause[-1].isspace() or len(clause) == 240
