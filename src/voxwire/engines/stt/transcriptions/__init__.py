"""The `transcriptions` engine: any recogniser behind an OpenAI-compatible `/audio/transcriptions`.

speaches, LocalAI, llama.cpp, vLLM, whisper servers and OpenAI itself have it: one POST with a WAV file, answered by
text, or by server-sent events.

- `engine`: the engine; `transcription_options`: what an operator can set
- `upload`: the body of a request; `heard_answer`: what comes back, as words
- `requested_stream`: one utterance, asked for as a whole, again and again where that is wanted
"""
