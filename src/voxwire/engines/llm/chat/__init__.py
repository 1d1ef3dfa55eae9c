"""The `chat` engine: any language model behind an OpenAI-compatible chat completions endpoint.

Ollama, LM Studio, llama.cpp, vLLM, SGLang, LiteLLM and OpenAI itself speak this protocol: one POST, answered by
server-sent events.

- `engine`: the engine, and what it does at the start
- `chat_options`: what an operator can set
- `request_body`: the body of a request; `prompt`: the conversation in it; `audio_part`: speech in that
- `http_endpoint`: its requests (`voxwire.engines.remote` has HTTP, deadlines and event streams)
- `admission`: how many answers at once, and whose turn it is; `lulls`: what is done while nobody waits
- `answer`: events to text and tool calls
- `thinking`: thinking text, which is never spoken
- `failures`: what can go wrong, as a code and a sentence
- `probe`: what `voxwire doctor` asks an endpoint
"""
