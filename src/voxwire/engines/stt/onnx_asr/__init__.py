"""The `onnx-asr` engine: Parakeet, Canary, GigaAM, FastConformer and others, exported to ONNX.

- `engine`: the engine and its options; `worker`: the library in its process
"""
