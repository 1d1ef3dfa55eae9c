"""The network: sockets, connections, and the loop that serves them. The only room that knows uvicorn's insides.

- `run`: from warming up to the end; `listen`: sockets and certificates; `descriptors`: open files for all sessions
- `http_protocol`, `websocket_protocol`: uvicorn's connections, with our bounds
- `websocket_frames`: WebSocket frames without the full parser
"""
