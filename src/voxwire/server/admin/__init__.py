"""The REST routes of the service around the models, below `/admin/v1`; each concept a module that gives its
declarations (`voxwire.server.rest`).

- `admin_context`: what handlers work on
- `admin_routes`: all declarations together, and the OpenAPI document of them
- `deployment_routes`, `alias_routes`: named deployments; `model_routes`: what they can be made of; `azure_routes`:
  they in Azure's shapes
- `decision_routes`: who changed what; `usage_routes`: what was used; `session_routes`: what was said;
  `prompt_routes`: stored prompts; `quota_routes`: how much may be used;
  `review_routes`: what checks have found
- `key_routes`, `project_routes`, `role_routes`: who may use the server; `in_project`: which project a request is about;
  `whoami_route`: who asks
"""

from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.admin_routes import admin_declarations, document_declaration

__all__ = ["AdminContext", "admin_declarations", "document_declaration"]
