"""Token arithmetic (protocol: responses, Tokens)."""

import pytest

from voxwire.events.items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.interfaces.token_estimate import heard_tokens, item_tokens, spoken_tokens, text_tokens, text_within


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("four", 1), ("fives", 2), ("€€", 2)])
def test_text(text: str, tokens: int) -> None:
    assert text_tokens(text) == tokens


@pytest.mark.parametrize(("size", "text"), [(0, ""), (2, "ab"), (4, "ab"), (5, "ab€"), (99, "ab€")])
def test_text_that_fits(size: int, text: str) -> None:
    assert text_within("ab€", size) == text


@pytest.mark.parametrize(("ms", "heard", "spoken"), [(0, 0, 0), (1, 1, 1), (50, 1, 1), (100, 1, 2), (101, 2, 3)])
def test_audio(ms: float, heard: int, spoken: int) -> None:
    assert (heard_tokens(ms), spoken_tokens(ms)) == (heard, spoken)


@pytest.mark.parametrize(
    ("item", "cost"),
    [
        (FunctionCallItem(name="f", call_id="c", arguments="fives"), (3, 0)),
        (FunctionCallOutputItem(call_id="c", output="four"), (1, 0)),
        (
            MessageItem(
                role=Role.USER,
                content=(
                    InputText(text="four"),
                    InputAudio(duration_ms=250),
                    InputImage(image_url="data:,"),
                ),
            ),
            (1, 3),
        ),
        (
            MessageItem(role=Role.ASSISTANT, content=(OutputText(text="four"), OutputAudio(transcript="fives"))),
            (3, 0),
        ),
    ],
)
def test_items(item: Item, cost: tuple[int, int]) -> None:
    assert item_tokens(item) == cost
