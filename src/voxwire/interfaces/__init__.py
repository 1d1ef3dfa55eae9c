"""The contracts between rooms: what an engine, a dialect, a transport and the core must do, and nothing of how.

- `engine`: what engines of every kind have in common
- `stt`, `llm`, `tts`, `vad`, `turn`: what an engine of each kind must do
- `needs_models`: what an engine whose models are files says of them
- `token_estimate`: what an answer costs where the engine does not count
- `expectations`: what a language engine may know of its users, and need not
- `inputs`, `commands`: what a session is told, and what it asks for; the runtime stands between it and all others
- `codec`: what a dialect must do for one connection; `transport`: what a connection must do

Whatever is iterated or called here comes to one of three endings, and each docstring says which:

- *ended*: all that there was has been yielded; the iteration stops.
- *closed*: our side stopped it, by `cancel()`, by `close()` or by leaving the iterator. Nothing more is yielded and
  nothing raised; to close twice is the same as once, and calls after it do nothing.
- *broken*: the work cannot go on. `EngineError`, with the stage and a stable code, is raised once, by whatever waits;
  for a transport that is `TransportClosed`. An engine whose one stream is broken serves the next.

No other exception leaves an engine, but for `ConfigurationError` at its making and its start. Nothing here blocks the
event loop: native code runs in a worker process (`voxwire.engines.worker`), slow Python in a thread. For each kind of
engine a suite of tests holds all this: `voxwire.testing.contract`.
"""

__all__ = [
    "codec",
    "commands",
    "engine",
    "expectations",
    "inputs",
    "llm",
    "needs_models",
    "stt",
    "token_estimate",
    "transport",
    "tts",
    "turn",
    "vad",
]
