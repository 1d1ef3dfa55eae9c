"""The `sherpa-onnx` engine: streaming recognisers of the next-generation Kaldi project, and NVIDIA's Nemotron.

- `engine`: the engine and its options; `worker`: the library in its process
- `model_folder`: which files of a folder are which part; `onnx_metadata`: what a model's file says about itself
"""
