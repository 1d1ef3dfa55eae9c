"""Language engines.

- `assistant`: the offline assistant, which answers by rules
- `chat`: any model behind an OpenAI-compatible address
- `llama`: a model in a GGUF file
- `relay`: a whole Realtime service
"""
