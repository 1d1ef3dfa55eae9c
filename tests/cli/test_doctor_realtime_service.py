"""`voxwire doctor --llm wss://…`: what it says about a Realtime service."""

import re

import pytest

from voxwire.cli import main
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.live_server import served_in_thread

KEY = "sk-of-the-operator"


def address(url: str) -> str:
    return url.replace("http", "ws") + "/v1/realtime"


def test_one_that_answers(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_LLM_API_KEY", KEY)
    with served_in_thread(fake_service(), auth={"api_keys": [KEY]}) as url:
        assert main(["doctor", "--llm", address(url), "--model", "gpt-realtime"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"ok +connected after \d+ ms, in the dialect ga\nok +first sound after \d+ ms", out)
    assert f"voxwire serve --profile relay --llm {address(url)} --model gpt-realtime" in out
    assert KEY not in out


def test_one_that_says_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_LLM_API_KEY", KEY)
    with served_in_thread(fake_service(fake_deployment(llm=FakeLlm(" "))), auth={"api_keys": [KEY]}) as url:
        assert main(["doctor", "--llm", address(url), "--model", "gpt-realtime"]) == 0
    assert "answers, and says nothing" in capsys.readouterr().out


def test_a_wrong_key(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_LLM_API_KEY", "sk-wrong")
    with served_in_thread(fake_service(), auth={"api_keys": [KEY]}) as url:
        assert main(["doctor", "--llm", address(url), "--model", "gpt-realtime"]) == 1
    assert (
        "failed  The Realtime service's endpoint refuses the server's key. (llm_key_refused)" in capsys.readouterr().out
    )


def test_a_wrong_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--llm", "wss://me:secret@x"]) == 1
    assert "must not carry a key" in capsys.readouterr().err
