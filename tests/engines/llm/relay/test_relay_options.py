"""What an operator writes, and what leaves for the service: addresses, keys, dialects, voices."""

from typing import Any

import pytest

from voxwire.engines.llm.relay.engine import engine
from voxwire.engines.llm.relay.relay_options import RelayOptions, read_relay_options
from voxwire.errors import ConfigurationError

KEY = "sk-secret"


def read(url: str, **options: Any) -> RelayOptions:
    return read_relay_options({"url": url, "api_key": KEY, **options})


@pytest.mark.parametrize(
    ("url", "options", "address", "headers", "dialect"),
    [
        (
            "wss://api.openai.com/v1/realtime", {"model": "gpt-realtime"},
            "wss://api.openai.com/v1/realtime?model=gpt-realtime", {"Authorization": "Bearer sk-secret"}, "ga",
        ),
        (
            "https://me.openai.azure.com/openai/v1/realtime", {"model": "my-deployment"},
            "wss://me.openai.azure.com/openai/v1/realtime?model=my-deployment", {"api-key": KEY}, "ga",
        ),
        (
            "wss://me.openai.azure.com/openai/realtime?api-version=2024-10-01-preview", {"model": "mine"},
            "wss://me.openai.azure.com/openai/realtime?api-version=2024-10-01-preview&deployment=mine",
            {"api-key": KEY}, "preview",
        ),
        (
            "wss://me.openai.azure.com/openai/v1/realtime", {"auth": "query", "model": "a"},
            "wss://me.openai.azure.com/openai/v1/realtime?model=a&api-key=sk-secret", {}, "ga",
        ),
        (
            "wss://api.openai.com/v1/realtime?model=old", {"dialect": "preview"},
            "wss://api.openai.com/v1/realtime?model=old",
            {"Authorization": "Bearer sk-secret", "OpenAI-Beta": "realtime=v1"}, "preview",
        ),
        (
            "wss://dashscope.aliyuncs.com/api-ws/v1/realtime", {"model": "qwen3-omni"},
            "wss://dashscope.aliyuncs.com/api-ws/v1/realtime?model=qwen3-omni",
            {"Authorization": "Bearer sk-secret"}, "qwen",
        ),
        ("http://127.0.0.1:8000", {"api_key": "", "headers": {"X-Me": "1"}},
         "ws://127.0.0.1:8000/v1/realtime", {"X-Me": "1"}, "ga"),
    ],
)  # fmt: skip
def test_handshakes(url: str, options: dict[str, Any], address: str, headers: dict[str, str], dialect: str) -> None:
    read_options = read(url, **options)
    assert read_options.address() == address
    assert read_options.secret_headers() == headers
    assert read_options.spelling.value == dialect
    assert KEY not in repr(read_options)


def test_the_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_LLM_API_KEY", "sk-of-the-environment")
    options = read_relay_options({"url": "wss://api.openai.com/v1/realtime"})
    assert options.secret_headers() == {"Authorization": "Bearer sk-of-the-environment"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "The relay engine needs url, such as wss://api.openai.com/v1/realtime."),
        (
            {"url": "ftp://x"},
            "The option url of the relay engine is an address such as wss://api.openai.com/v1/realtime",
        ),
        ({"url": "wss://me:sk-secret@x"}, "The option url of the relay engine must not carry a key or a fragment"),
        ({"url": "wss://x/v1?api-key=sk-secret"}, "must not carry a key; set VOXWIRE_LLM_API_KEY instead"),
        ({"url": "wss://x", "dialekt": "ga"}, "The relay engine has no option dialekt; it knows: url, model, dialect"),
        ({"url": "wss://x", "dialect": "beta"}, "The option dialect of the relay engine input should be 'ga'"),
        ({"url": "wss://x", "connections": 0}, "The option connections of the relay engine"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        engine(options)
    assert sentence in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("voices", "offered"), [(None, ("alloy", "ash")), (["Nora"], ("Nora",)), ({"alloy": "Cherry"}, ("alloy",))]
)
def test_voices_for_clients(voices: Any, offered: tuple[str, ...]) -> None:
    speech = engine({"url": "wss://x.org", "voices": voices}).capabilities.speech
    assert speech is not None
    assert speech.voices[: len(offered)] == offered


def test_a_user_is_told_where_speech_goes() -> None:
    far = engine({"url": "wss://api.openai.com/v1/realtime", "model": "gpt-realtime"}).capabilities
    assert far.info.notice == "What is said here goes to api.openai.com."
    assert (far.info.label, far.local, far.hears, far.images) == ("gpt-realtime", False, True, True)
    near = engine({"url": "ws://127.0.0.1:8000/v1/realtime"}).capabilities
    assert near.info.notice is None
    assert (near.info.label, near.local) == ("a Realtime service", True)
