"""Thinking text is taken out wherever the pieces of an answer are cut."""

import re

from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.llm.chat.thinking import ThinkingFilter

PARTS = st.lists(st.sampled_from(["<think>", "</think>", "<thinking>", "</thinking>", "<", "a", " ", "thi", ">", "\n"]))


def visible(pieces: list[str]) -> str:
    reader = ThinkingFilter()
    return "".join([*map(reader.feed, pieces), reader.flush()])


@given(PARTS, st.data())
def test_cuts_do_not_matter(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert visible(pieces) == visible([text])


@given(st.text().filter(lambda text: not re.search("<thi", text)))
def test_text_without_tags_is_the_same(text: str) -> None:
    assert visible([text]) == text


def test_only_the_start_of_a_tag_is_held_back() -> None:
    reader = ThinkingFilter()
    assert reader.feed("Is 2 < 3? <th") == "Is 2 < 3? "
    assert reader.feed("e>") == "<the>"
