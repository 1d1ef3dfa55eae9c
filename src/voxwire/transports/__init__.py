"""Ways in for clients: `websocket`, and what any other would share.

- `request`: what is read from a handshake before anything is decided
- `refusal`: the body of a refused one; `granted`: the settings of an ephemeral key
- `asgi`: the types of ASGI
"""
