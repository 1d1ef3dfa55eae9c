"""The OpenAPI 3.1 document of the declared routes."""

import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from voxwire import __version__
from voxwire.runtime import AccessRole, Permission
from voxwire.server.rest.declarations import RestRoute

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_NAME: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}
#: The one shape of every refusal (protocol: connecting, Refused handshakes).
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}


def openapi_document(declared: Iterable[RestRoute]) -> dict[str, Any]:
    """The document, as JSON values."""
    routes = list(declared)
    bodies = {model for route in routes for model in (route.body, route.query) if model is not None}
    answers = {route.answer for route in routes if isinstance(route.answer, type)}
    wanted = [*((model, "validation") for model in bodies), *((model, "serialization") for model in answers)]
    wanted.sort(key=lambda pair: (pair[0].__name__, pair[1]))
    refs, definitions = models_json_schema(wanted, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    writer = _Writer(refs, definitions.get("$defs", {}))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = writer.operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Voxwire", "version": __version__, "summary": "The service around the Realtime API."},
        "security": [{"bearer": []}, {"api-key": []}],
        "paths": paths,
        "components": {
            "schemas": {**writer.schemas, "Error": _ERROR},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "api-key": {"type": "apiKey", "in": "header", "name": "api-key"},
            },
        },
    }


class _Writer:
    def __init__(self, refs: dict[tuple[Any, Any], Any], schemas: dict[str, Any]) -> None:
        self._refs = refs
        self.schemas = schemas

    def operation(self, route: RestRoute) -> dict[str, Any]:
        operation: dict[str, Any] = {
            "operationId": _operation_id(route),
            "tags": [_tag(route.path)],
            "summary": route.summary,
            "description": _who_may(route.permission),
            "parameters": [*map(_path_parameter, _PARAMETER.findall(route.path)), *self._query_parameters(route)],
            "responses": {
                str(route.status if route.answer else 204): self._answer(route),
                "default": {"description": "AnswerRefused.", "content": _json({"$ref": "#/components/schemas/Error"})},
            },
        }
        if route.body is not None:
            operation["requestBody"] = {"required": True, "content": _json(self._refs[route.body, "validation"])}
        return operation

    def _answer(self, route: RestRoute) -> dict[str, Any]:
        if route.answer is None:
            return {"description": "Done."}
        if isinstance(route.answer, str):
            return {"description": "Done.", "content": {route.answer: {}}}
        return {"description": "Done.", "content": _json(self._refs[route.answer, "serialization"])}

    def _query_parameters(self, route: RestRoute) -> list[dict[str, Any]]:
        if route.query is None:
            return []
        schema = self._resolved(route.query)
        required = schema.get("required", [])
        return [
            {"name": name, "in": "query", "required": name in required, "schema": field}
            for name, field in schema.get("properties", {}).items()
        ]

    def _resolved(self, model: type[BaseModel]) -> dict[str, Any]:
        found: dict[str, Any] = self.schemas[self._refs[model, "validation"]["$ref"].rpartition("/")[2]]
        return found


def _who_may(permission: Permission | None) -> str:
    if permission is None:
        return "For everybody who is let in."
    roles = (role.value for role in AccessRole if permission in role.permissions)
    return f"Permission `{permission.value}`: {', '.join(roles)}."


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _NAME}


def _tag(path: str) -> str:
    """The concept: `deployments` of `/admin/v1/deployments/{name}`."""
    steps = [step for step in path.split("/") if step and not step.startswith("{")]
    return steps[2] if steps[:2] == ["admin", "v1"] else steps[-1]


def _operation_id(route: RestRoute) -> str:
    return "_".join([route.method.lower(), *re.findall(r"\w+", route.path)])
