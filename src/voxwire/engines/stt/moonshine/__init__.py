"""The `moonshine` engine: Moonshine's models by their maker's own library.

- `engine`: the engine and its options; `worker`: the library in its process
"""
