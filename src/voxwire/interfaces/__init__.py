"""The contracts between rooms: what an engine, a dialect and a transport must do, and nothing of how.

- `engine`: what engines of every kind have in common
- `stt`, `llm`, `tts`, `vad`: what an engine of each kind must do
- `codec`: what a dialect must do for one connection; `transport`: what a connection must do

Shared contract of engines, held by one suite over all of them (`tests/engines/contract`):

- `start()` warms up and is awaited before the server says that it listens; `close()` ends every
  process and is idempotent.
- Failure is an `EngineError` with a stage and a stable code, never another exception.
- Cancelling is idempotent and never raises; after it returns nothing more is yielded.
- Native code runs in a worker process (`voxwire.engines.worker`), so nothing here blocks the loop.
"""
