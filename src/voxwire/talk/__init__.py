"""A client of any Realtime server, for a conversation in the terminal.

- `core`: the course of a conversation, without I/O; `protocol`: the two dialects as a client speaks them
- `shell`: joins the core to a WebSocket; `connection`: opening it; `program`: all parts of a conversation together
- `screen`: what a person sees; `latency`: when things happened in a turn
- `question`, `answer_sink`: sound files in and out; `devices`: microphone and loudspeaker
- `tool_stub`: declared tools, answered by a stub
- `outcome`: what can go wrong, and exit codes; `endings`: signals that end a conversation

It knows the server only by the protocol. `voxwire.cli.talk` has the options, and starts a server where none is named.
"""
