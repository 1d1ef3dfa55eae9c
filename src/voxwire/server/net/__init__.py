"""The network: sockets, connections, and the loop that serves them. No other room knows uvicorn.

- `run`: from warming up to the end; `listen`: sockets and certificates; `descriptors`: open files for all sessions;
  `stop_signals`: the signals that end it; `collector`: garbage, without long pauses
- `http_protocol`: uvicorn's HTTP connection, with our bounds; `raw_response`: answers below ASGI;
  `splice`: a connection that goes on in another process
- `websocket_protocol`: a WebSocket connection; `handshake`: its beginning; `inbox`: what waits for the application
- `websocket_frames`: WebSocket frames without the full parser; `fragments`: messages that come in several
"""
