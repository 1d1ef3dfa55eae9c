"""The HTTP server: what runs, listens and answers, and is no conversation.

- `build`: from settings to engines, deployments and the service
- `app`: the routes; `middleware`: what holds for every request; `models`, `playground`, `identity`: the routes' answers
- `run`: from warming up to the end; `listen`: sockets and certificates; `descriptors`: open files for all sessions
- `memory`: how much there is for messages; `allocator`: large blocks go back to the system
- `http_protocol`, `websocket_protocol`: uvicorn's connections, with our bounds; `frames`: WebSocket frames without
  the full parser
- `logs`, `access_log`: what is written down
"""
