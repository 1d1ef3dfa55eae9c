"""Where text that arrives in pieces is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.tts.clauses import ClauseSplitter


def split(*pieces: str) -> list[str]:
    splitter = ClauseSplitter()
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


@given(st.lists(st.text(alphabet=st.sampled_from("ab1 .,!?\n—。'\"é")), max_size=30))
def test_clauses_tile_the_text(pieces: list[str]) -> None:
    splitter = ClauseSplitter()
    clauses = [clause for piece in pieces for clause in splitter.feed(piece)] + splitter.flush()
    assert "".join(clause.text for clause in clauses) == "".join(pieces)
    assert [clause.start for clause in clauses] == [
        sum(len(before.text) for before in clauses[:index]) for index in range(len(clauses))
    ]


@given(st.text(alphabet=st.sampled_from("ab1 .,!?\n"), max_size=400), st.integers(1, 50))
def test_the_pieces_do_not_matter_once_all_is_there(text: str, size: int) -> None:
    """Whatever the pieces, no clause is cut in the middle of a word of ordinary length."""
    for clause in split(*(text[at : at + size] for at in range(0, len(text), size)))[:-1]:
        assert clause[-1].isspace() or len(clause) == 240
