"""The `chat` engine: any language model behind an OpenAI-compatible chat completions endpoint.

Ollama, LM Studio, llama.cpp, vLLM, SGLang, LiteLLM and OpenAI itself speak this protocol: one POST, answered by
server-sent events.

- `engine`: the engine, and what it does at the start
- `options`: what an operator can set
- `request`: the body of a request; `messages`: the conversation in it
- `endpoint`: HTTP and its sockets; `patience`: how long the endpoint may be silent
- `sse`: bytes to events
- `answer`: events to text and tool calls
- `thinking`: thinking text, which is never spoken
- `failures`: everything that can go wrong, as a code and a sentence
- `probe`: what `voxwire doctor` asks an endpoint
"""
