"""Process isolation for native engines (ADR 4).

An engine that holds the interpreter lock, may crash, or has a licence of its own runs as a *service*
in child processes. Host and child talk in length-prefixed msgpack frames over a Unix socket pair.

- `frames`: the frames, used by both sides
- `child`: what runs in the child: reads frames, drives the service (no asyncio)
- `forking`: a child that copies itself for each stream, and shares with the copies what it has loaded
- `shared_library`: finding native libraries there
- `stream`, `process`, `pool`: the host's side: one leased stream, one child, all children of a kind
- `turns`: who is next where there is less room than is asked for

Nothing is imported here, so that a child stays light.
"""
