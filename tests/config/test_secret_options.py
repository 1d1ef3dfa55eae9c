"""Secrets among the options of engines are hidden wherever they stand."""

from typing import Any

import pytest
from pydantic import SecretStr

from voxwire.config import EngineSettings, load_settings
from voxwire.config.secret_options import hide_secrets

SECRET = "s3cret"


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": SECRET},
        {"apikey": SECRET},
        {"accessToken": SECRET},
        {"PASSWORD": SECRET},
        {"client-secret": SECRET},
        {"api_keys": [SECRET]},
        {"headers": {"X-Team": SECRET}},
        {"body": {"auth": {"Authorization": SECRET}}},
        {"endpoints": [{"url": "http://a", "token": SECRET}]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_secret_is_hidden(options: dict[str, Any]) -> None:
    hidden = hide_secrets(options)
    assert SECRET not in repr(hidden)
    assert "SecretStr" in repr(hidden)
    assert SECRET not in repr(EngineSettings(name="x", options=options).model_dump())


@pytest.mark.parametrize(
    "options", [{"model": "tiny"}, {"max_tokens": 5}, {"monkey": "see"}, {"stop": ["a"]}, {"api_key": ""}, {"keys": 3}]
)
def test_everything_else_stays_as_it_is(options: dict[str, Any]) -> None:
    assert hide_secrets(options) == options


def test_every_way_into_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_LLM__BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("VOXWIRE_LLM__API_KEY", SECRET)
    voice = {"name": "mine", "options": {"token": SECRET}}
    settings = load_settings(None, {"deployments": {"shop": {"tts": voice, "stt": {"name": "x", "password": SECRET}}}})
    assert SECRET not in repr(settings.model_dump())
    assert settings.llm is not None
    assert settings.llm.options["api_key"] == SecretStr(SECRET)
