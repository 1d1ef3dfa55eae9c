"""Secrets among the options of engines are hidden wherever they stand."""

import json
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from voxwire.config import EngineSettings, load_settings
from voxwire.config.secret_options import MASK, hide_secrets, put_secrets, take_secrets, unmask

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


@pytest.mark.parametrize(
    "address",
    ["http://me:s3cret@h/v1", "wss://s3cret@h", " http://h/v1?api-key=s3cret", "http://h?x=1&access_token=s3cret"],
)
def test_an_address_carries_no_key(address: str) -> None:
    for options in ({"base_url": address}, {"mirrors": [{"at": address}]}):
        with pytest.raises(ValidationError, match="must not carry a key") as refused:
            EngineSettings(name="chat", options=options)
        assert SECRET not in str(refused.value.errors(include_input=False))


@pytest.mark.parametrize("text", ["http://h:1/v1?api-version=1", "me@example.com", "ask http://a@b?", "http://h/a@b"])
def test_what_carries_none(text: str) -> None:
    assert EngineSettings(name="chat", options={"base_url": text}).options == {"base_url": text}


class TestKeeping:
    """Secrets of what is stored are kept apart from the rest, and a mask that comes back is not one."""

    OPTIONS = hide_secrets({"model": "m", "api_key": SECRET, "endpoints": [{"token": "other"}, {"url": "u"}]})

    def test_taken_out_and_put_back(self) -> None:
        plain, secrets = take_secrets(self.OPTIONS)
        assert secrets == [SECRET, "other"]
        assert SECRET not in json.dumps(plain)
        assert put_secrets(json.loads(json.dumps(plain)), secrets) == self.OPTIONS

    def test_a_mask_stands_for_the_secret_of_before(self) -> None:
        sent = hide_secrets({"model": "n", "api_key": MASK, "endpoints": [{"token": MASK}, {"token": MASK}]})
        merged = unmask(sent, self.OPTIONS)
        assert merged["model"] == "n"
        assert merged["api_key"].get_secret_value() == SECRET
        assert merged["endpoints"][0]["token"].get_secret_value() == "other"
        assert merged["endpoints"][1]["token"].get_secret_value() == MASK  # there was none

    def test_what_is_no_mask_is_a_new_secret(self) -> None:
        assert unmask(hide_secrets({"api_key": "new"}), self.OPTIONS)["api_key"].get_secret_value() == "new"

    @pytest.mark.parametrize(
        "elsewhere",
        [
            {"base_url": "http://evil/v1"},
            {"base_url": "http://good/v1", "extra": {"callback": ["http://evil"]}},
            {"base_url": "http://good/v1", "proxy": "evil"},
            {"base_url": "http://good/v1", "port": 1},
        ],
        ids=lambda options: list(options)[-1],
    )
    def test_a_mask_takes_no_secret_to_another_address(self, elsewhere: dict[str, Any]) -> None:
        before = {"name": "chat", "options": hide_secrets({"base_url": "http://good/v1", "api_key": SECRET})}
        for table in (elsewhere | {"api_key": MASK}, elsewhere | {"headers": {"X-Key": MASK}}):
            sent = {"name": "chat", "options": hide_secrets(table)}
            for value, old in ((sent, before), ({"llm": sent}, {"llm": before}), ([sent], [before])):
                with pytest.raises(ValueError, match="anew"):
                    unmask(value, old)
        new = {"name": "chat", "options": hide_secrets(elsewhere | {"api_key": "new"})}
        assert unmask(new, before) == new
