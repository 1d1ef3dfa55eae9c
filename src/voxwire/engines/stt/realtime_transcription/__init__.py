"""The `realtime-transcription` engine: recognisers behind a WebSocket that hear while somebody speaks.

Transcription sessions of the Realtime API (OpenAI, Azure, another Voxwire), and vLLM's socket with names of its own.

- `engine`: the engine; `socket_options`: what an operator can set
- `socket_dialects`: what is said over the socket, in either dialect
- `transcription_socket`: opening one, and what can go wrong with that
- `socket_stream`: one utterance
"""
