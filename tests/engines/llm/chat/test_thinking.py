"""Thinking text is taken out wherever the pieces of an answer are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.llm.chat.thinking import ThinkingFilter

#: How each family of models opens and closes its thinking.
TAGS = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
]
OPENING = [opening for opening, _ in TAGS]
PIECES = ["<", "[", "◁", "a", " ", "thi", ">", "\n"]
PARTS = st.lists(st.sampled_from([*(tag for pair in TAGS for tag in pair), *PIECES]))
#: What the filter may take for a tag, or for the start of one, among all other text.
WRITTEN = st.lists(st.text() | st.sampled_from([*OPENING, *(tag[:-1] for tag in OPENING), *PIECES])).map("".join)


def visible(pieces: list[str]) -> str:
    reader = ThinkingFilter()
    return "".join([*map(reader.feed, pieces), reader.flush()])


@given(PARTS, st.data())
def test_cuts_do_not_matter(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert visible(pieces) == visible([text])


@pytest.mark.parametrize(("opening", "closing"), TAGS)
def test_thinking_of_each_family_is_taken_out(opening: str, closing: str) -> None:
    assert visible([f"Well, {opening}hm, 2 < 3.{closing}\n\nyes."]) == "Well, yes."


@given(WRITTEN.filter(lambda text: not any(tag in text for tag in OPENING)))
def test_text_without_tags_is_the_same(text: str) -> None:
    assert visible([text]) == text


def test_only_the_start_of_a_tag_is_held_back() -> None:
    reader = ThinkingFilter()
    assert reader.feed("Is 2 < 3? <th") == "Is 2 < 3? "
    assert reader.feed("e>") == "<the>"
