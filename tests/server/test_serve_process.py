"""`voxwire serve` as people run it: the embedded engines, a key, and an official client."""

from collections.abc import Iterator
from typing import Any

import pytest
from openai import AuthenticationError, OpenAI

from voxwire.runtime import worker_of
from voxwire.testing.live_server import ServeProcess, serve_process

pytestmark = pytest.mark.engines

KEY = "k-s3cret"


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("--api-key", KEY) as process:
        yield process


@pytest.fixture
def client(server: ServeProcess) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key=KEY) as client:
        yield client


def ask_with_a_wrong_key(server: ServeProcess) -> None:
    with OpenAI(base_url=f"{server.url}/v1", api_key="wrong") as client, pytest.raises(AuthenticationError):
        client.models.list()


def answered(client: OpenAI, model: str) -> tuple[str, int]:
    """One spoken answer: its transcript, and the size of its audio in base64."""
    with client.realtime.connect(model=model) as connection:
        question: Any = [{"type": "input_text", "text": "What is twelve times seven?"}]
        connection.conversation.item.create(item={"type": "message", "role": "user", "content": question})
        connection.response.create()
        transcript, size = "", 0
        for event in connection:
            if event.type == "response.output_audio_transcript.delta":
                transcript += event.delta
            elif event.type == "response.output_audio.delta":
                size += len(event.delta)
            elif event.type == "response.done":
                assert event.response.status == "completed"
                break
        return transcript, size


def test_a_key_is_needed(server: ServeProcess) -> None:
    ask_with_a_wrong_key(server)


def test_models_say_which_engines_answer(client: OpenAI) -> None:
    models = {model.id: model for model in client.models.list()}
    engines: Any = models["gpt-realtime"].model_extra
    assert engines["engines"]["stt"]["name"] == "pocketsphinx"
    assert "not a language model" in engines["label"]


# The official client's own way of using websockets 17.
@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")
@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-realtime-2.1", "gpt-4o-mini-realtime-preview-2024-12-17"])
def test_a_turn(client: OpenAI, model: str) -> None:
    transcript, size = answered(client, model)
    assert "84" in transcript or "eighty-four" in transcript.lower()
    assert size > 10_000


@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")
def test_two_workers_are_one_server() -> None:
    with serve_process("--workers", "2", "--dev-identity") as server:
        assert server.environment["IDENTITY_ENDPOINT"] == f"{server.url}/msi/token"
        with OpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
            first, second = (client.realtime.connect(model="gpt-realtime") for _ in range(2))
            with first as one, second as other:
                held = [connection.recv() for connection in (one, other)]
                assert {worker_of(event.session.id) for event in held if event.type == "session.created"} == {1, 2}
            transcript, _ = answered(client, "gpt-realtime")
        assert "84" in transcript or "eighty-four" in transcript.lower()
        server.process.terminate()
        assert server.wait() == 0
    text = "\n".join(server.output)
    assert text.count("Voxwire is listening on") == 1
    assert "[worker=1" in text
    assert "[worker=2" in text
    assert "Traceback" not in text


@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")
def test_it_stops_as_asked_and_has_told_nobody_the_key() -> None:
    with serve_process("--api-key", KEY) as server:
        ask_with_a_wrong_key(server)
        with OpenAI(base_url=f"{server.url}/v1", api_key=KEY) as client:
            answered(client, "gpt-realtime")
        server.process.terminate()
        assert server.wait() == 0
    text = "\n".join(server.output)
    assert f"AZURE_OPENAI_ENDPOINT={server.url}" in text
    assert "WS /v1/realtime 101" in text
    assert "GET /v1/models 401" in text
    assert KEY not in text
    assert "Traceback" not in text
