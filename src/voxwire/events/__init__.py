"""The neutral vocabulary: what clients ask and what the server says.

Meanings follow the GA dialect, names follow Python. Dialects translate to and from the wire.

- `items`: conversation items and their content parts
- `session_config`: settings, patches to them, tools
- `client`: client events
- `response`: per-response parameters, response objects, usage
- `server`: server events
- `closing`: why a session ends
"""

__all__ = ["client", "closing", "items", "response", "server", "session_config"]
