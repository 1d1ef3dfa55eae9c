"""For tests, here and in programs that build on Voxwire; nothing of the server imports it.

- `contract`: what engines must do, as suites of tests, for engines of this house and of others
- `driver`: a session without a runtime; `scripted_clock`: time that a test moves; `invariants`: what every session
  promises
- `transcript`, `render`, `values`: sessions recorded, as text, as JSON
- `fake_stt`, `fake_llm`, `fake_tts`, `fake_vad`, `fake_turn`: engines that do what they are told
- `fake_service`, `memory_transport`: a whole service on fakes, and a transport to it
- `live_server`: real servers; `chat_server`, `transcription_server`: endpoints for `chat` and `transcriptions`
- `transcription_socket_server`: sockets for `realtime-transcription`
- `scripted_ears`: models of native recognisers that hear what they are told
- `llama_server`: llama.cpp's real server, in a process; `scripted_gguf`: model files for it that say what they are told
- `clips`: sentences and sounds for recognisers
- `tiny_onnx`: voices that hum; `tiny_whisper`: a model of Whisper that says a script
"""
