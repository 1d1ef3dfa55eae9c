"""The `llama` engine: a language model in a GGUF file, in llama.cpp's own server, in a process of its own.

- `engine`: the engine: places, restarts; what it asks, the `chat` engine asks for it
- `llama_options`: what an operator can set
- `gguf_header`: what a model file says of itself, read without llama.cpp, which ends the process at a wrong one
- `model_choice`: from the option `model` to a file that can be served
- `worker`: the child process, with llama.cpp's server in it

Nothing is imported here, so that a worker stays light.
"""
