"""Speech to text engines: `pocketsphinx`, `whisper`; `sherpa_onnx`, `moonshine` and `onnx_asr`, which are `native`;
`transcriptions` and `realtime_transcription`, which are servers of somebody else.

- `worker_stream`: one utterance that a worker process recognises; `audio_messages`: what the worker is told of it
- `remote_stream`: one utterance that a server recognises; `stt_failures`: what can go wrong with it
- `placed_words`: words with their places in a text
- `settled_text`: which words will not change any more
- `hearing`: how many people a recogniser can follow
"""
