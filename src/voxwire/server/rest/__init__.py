"""What all REST routes share that have a body, a role, or a list.

A route is one declaration (`declarations`). From the declarations come the routes that serve (`rest_serving`), the
OpenAPI document (`openapi`), and the table of permissions.

- `declarations`: what a route says of itself, what its handler gets and gives
- `json_body`: reading a body, bounded in size and time; `problems`: what is wrong with it, and in which field
- `rest_serving`: credential, role, body, handler, answer
- `openapi`: the OpenAPI document
"""

from voxwire.server.rest.declarations import ListOf, ListQuery, RestCall, RestModel, RestReply, RestRoute, list_page
from voxwire.server.rest.json_body import read_json
from voxwire.server.rest.openapi import openapi_document
from voxwire.server.rest.rest_serving import Admit, rest_routes

__all__ = [
    "Admit",
    "ListOf",
    "ListQuery",
    "RestCall",
    "RestModel",
    "RestReply",
    "RestRoute",
    "list_page",
    "openapi_document",
    "read_json",
    "rest_routes",
]
