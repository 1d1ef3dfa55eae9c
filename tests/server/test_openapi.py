"""The OpenAPI document of the running server."""

import json
import re
from typing import Any

import pytest
from echo_service import EchoService, Serve
from http_client import request
from jsonschema import Draft202012Validator

from voxwire.server.app import create_app
from voxwire.server.rest import RestRoute, openapi_document
from voxwire.testing.live_server import settings_for_tests

OPERATION = {"operationId", "summary", "description", "tags", "parameters", "responses"}


@pytest.fixture(scope="module")
def declared() -> list[RestRoute]:
    found: list[RestRoute] = create_app(settings_for_tests(), EchoService()).state.declared
    return found


@pytest.fixture(scope="module")
def document(declared: list[RestRoute]) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(json.dumps(openapi_document(declared)))
    return written


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, item in document["paths"].items() for method, one in item.items()]


async def test_is_served(serve: Serve, document: dict[str, Any]) -> None:
    url = await serve(auth={"admin_keys": ["k"]})
    assert (await request(url, "/admin/v1/openapi.json")).status == 401
    answer = await request(url, "/admin/v1/openapi.json", {"api-key": "k"})
    assert answer.status == 200
    served = json.loads(answer.body)
    assert served["openapi"] == "3.1.0"
    assert served["paths"].keys() == document["paths"].keys()


def test_has_every_declared_route(declared: list[RestRoute], document: dict[str, Any]) -> None:
    assert {(route.method.lower(), route.path) for route in declared} == {
        (method, path) for path, method, _ in operations(document)
    }


def test_follows_the_rules_of_openapi(document: dict[str, Any]) -> None:
    assert document["info"].keys() >= {"title", "version"}
    ids = [one["operationId"] for _, _, one in operations(document)]
    assert len(set(ids)) == len(ids)
    for path, _, operation in operations(document):
        assert operation.keys() >= OPERATION
        in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")
        assert operation["responses"]
        for response in operation["responses"].values():
            assert response["description"]


def test_its_schemas_are_schemas_and_its_references_lead_somewhere(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_bodies_and_queries_refuse_what_is_unknown(declared: list[RestRoute]) -> None:
    """Apart from routes that others have defined: they hold session settings, which the session checks."""
    for route in declared:
        for model in (route.body, route.query) if route.path.startswith("/admin/") else ():
            assert model is None or model.model_config.get("extra") == "forbid", route.path
