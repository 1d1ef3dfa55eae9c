"""Tokens are counted by an engine that can, and estimated elsewhere."""

import pytest

from voxwire.events.client import CreateItem, CreateResponse
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.events.response import ResponseParams
from voxwire.events.server import ResponseDone
from voxwire.events.session_config import SessionConfig
from voxwire.interfaces.token_estimate import text_tokens
from voxwire.runtime.deployment import capabilities_of
from voxwire.testing.driver import Driver
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts


class Counting(FakeLlm):
    """Its tokens are letters."""

    asked = 0

    def count_tokens(self, text: str) -> int:
        self.asked += 1
        return len(text)


class Broken(Counting):
    def count_tokens(self, text: str) -> int:
        super().count_tokens(text)
        raise RuntimeError(text)


def counted(llm: FakeLlm, text: str) -> int:
    return capabilities_of(FakeStt(), llm, FakeTts()).count_tokens(text)


def test_an_engine_that_counts_is_asked() -> None:
    assert counted(Counting(), "eight...") == 8


def test_otherwise_tokens_are_estimated() -> None:
    assert counted(FakeLlm(), "eight...") == 2


def test_a_long_text_is_estimated_for_counting_holds_up_the_event_loop() -> None:
    llm = Counting()
    text = "x" * 40_000
    assert counted(llm, text) == text_tokens(text)
    assert llm.asked == 0


def test_an_engine_that_cannot_count_after_all(caplog: pytest.LogCaptureFixture) -> None:
    llm = Broken()
    count = capabilities_of(FakeStt(), llm, FakeTts()).count_tokens
    assert [count("secret.."), count("secret..")] == [2, 2]
    assert llm.asked == 1
    assert "could not count tokens" in caplog.text
    assert "secret" not in caplog.text


def test_what_fits_is_what_the_engine_says() -> None:
    llm = Counting()
    driver = Driver(
        SessionConfig(model="scripted", turn_detection=None, instructions="Be kind."),
        capabilities=capabilities_of(FakeStt(), llm, FakeTts()),
    )
    for text in ("first", "second"):
        driver.send(CreateItem(item=MessageItem(role=Role.USER, content=(InputText(text=text),))))
    driver.send(CreateResponse(params=ResponseParams()))
    driver.finish()
    usage = driver.last(ResponseDone).response.usage
    assert usage is not None
    assert usage.input_text == len("Be kind.") + len("first") + len("second")
