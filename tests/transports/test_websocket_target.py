"""URL forms W1 to W12 (protocol: connecting, Addresses)."""

import pytest

from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole, Principal
from voxwire.transports.websocket.target import Target, is_websocket_path, parse_target, unknown_deployment

USER = Principal(id="key-1")
OPERATOR = Principal(id="anonymous", roles=frozenset(AccessRole))

FORMS = [
    ("W1", "/v1/realtime", {"model": "M"}, "M", False),
    ("W3", "/v1/realtime", {"intent": "transcription"}, None, True),
    ("W4", "/openai/realtime", {"api-version": "V", "deployment": "D"}, "D", False),
    ("W5", "/openai/realtime", {"model": "M", "api-version": "V", "deployment": "D"}, "D", False),
    ("W6", "/openai/deployments/D0/realtime", {"model": "M", "deployment": "D"}, "D", False),
    ("W6 without query", "/openai/deployments/D0/realtime", {}, "D0", False),
    ("W6 with slashes", "/openai/deployments/Qwen/Omni/realtime", {"model": "M"}, "Qwen/Omni", False),
    ("W7", "/openai/v1/realtime", {"model": "D"}, "D", False),
    ("W8", "/openai/v1/realtime", {"intent": "transcription"}, None, True),
    ("W9", "/openai/v1/realtime", {"model": "M", "deployment": "D"}, "D", False),
    ("W9 deployment alone", "/openai/v1/realtime", {"deployment": "D"}, "D", False),
    ("W10", "/openai/realtime", {"deployment": "D", "intent": "transcription"}, "D", True),
    ("W12", "/voice-live/realtime", {"api-version": "2026-07-15", "model": "M"}, "M", False),
    ("W12 of a client", "/voice-live/realtime", {"model": "M", "x-ms-client-sdk": "S", "api-version": "V"}, "M", False),
    ("agents mean nothing elsewhere", "/v1/realtime", {"model": "M", "agent-name": "A"}, "M", False),
    ("slashes in a name", "/v1/realtime", {"model": "Qwen/Omni/"}, "Qwen/Omni/", False),
    ("transcription model", "/v1/realtime", {"model": "whisper-1"}, "whisper-1", True),
]


@pytest.mark.parametrize(("form", "path", "query", "name", "transcription"), FORMS)
def test_form(form: str, path: str, query: dict[str, str], name: str | None, transcription: bool) -> None:
    assert is_websocket_path(path)
    assert parse_target(path, query) == Target(name, transcription), form


REFUSED = [
    ("/v1/realtime", {"call_id": "rtc_1"}, 404, "call_not_found"),
    ("/openai/v1/realtime", {"call_id": "rtc_1", "model": "M"}, 404, "call_not_found"),
    ("/v1/realtime/translations", {"model": "M"}, 404, "unsupported_endpoint"),
    ("/v1/realtime", {}, 400, "missing_model"),
    ("/v1/realtime", {"model": ""}, 400, "missing_model"),
    ("/v1/realtime", {"intent": "something"}, 400, "missing_model"),
    ("/openai/realtime", {"api-version": "V"}, 400, "missing_model"),
    ("/voice-live/realtime", {"api-version": "V"}, 400, "missing_model"),
    ("/voice-live/realtime", {"model": "M", "agent-name": "A"}, 400, "unsupported_parameter"),
    ("/voice-live/realtime", {"agent-id": "A", "agent-project-name": "P"}, 400, "unsupported_parameter"),
    ("/realtime", {"model": "M"}, 404, "not_found"),
    ("/v1/realtime/x", {"model": "M"}, 404, "not_found"),
    ("/openai/deployments/realtime", {"model": "M"}, 404, "not_found"),
    ("/openai/deployments//realtime", {"model": "M"}, 404, "not_found"),
    ("/", {}, 404, "not_found"),
]


@pytest.mark.parametrize(("path", "query", "status", "code"), REFUSED)
def test_refused(path: str, query: dict[str, str], status: int, code: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        parse_target(path, query)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_unknown_deployment_speaks_like_the_service_of_the_path() -> None:
    azure = unknown_deployment(Target("nobody", False), "/openai/v1/realtime", USER)
    openai = unknown_deployment(Target("nobody", False), "/v1/realtime", USER)
    assert (azure.status, azure.code, azure.param) == (404, "DeploymentNotFound", "deployment")
    assert (openai.status, openai.code, openai.param) == (404, "model_not_found", "model")


def test_who_may_make_a_deployment_is_told_how_and_nobody_else() -> None:
    told = unknown_deployment(Target("my-gpt4o", False), "/v1/realtime", OPERATOR).message
    assert told == "There is no model 'my-gpt4o' here. To make it, type: voxwire deployments create my-gpt4o"
    assert "create" not in unknown_deployment(Target("my-gpt4o", False), "/v1/realtime", USER).message


@pytest.mark.parametrize("name", ["a b", "$(reboot)", "x" * 500, "gpt-4\u043e"], ids=ascii)
def test_of_a_name_that_cannot_be_made_no_command_is_told(name: str) -> None:
    told = unknown_deployment(Target(name, False), "/v1/realtime", OPERATOR).message
    assert "It cannot be made: a name has" in told
    assert len(told) < 400
