"""The `relay` engine: a whole Realtime service of somebody else hears, thinks and speaks (docs/engines/relay.md).

The conversation stays in the session. Each request has all of it, so the service's own conversation is a copy, which is
mended before each answer, or made anew.

- `engine`: the engine; `relay_options`: what an operator can set
- `links`: the connections of all sessions, and their bounds; `link`: one of them, and the answers that it gives
- `upstream_socket`: its WebSocket
- `overheard`: what is spoken goes up while it is spoken
- `mirror`: what the service's conversation has, and what it lacks
- `service_spelling`: how the three kinds of service spell settings and items; `told_history`: a conversation as text
- `upstream_events`: what a service sends; `relayed_answer`: one answer of it; `pace`: which text its audio voices
- `relay_probe`: what `voxwire doctor` asks a service
- `service_errors`: what it says went wrong, as a code and a sentence
"""
