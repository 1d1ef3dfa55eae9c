"""Speech to text engines: `pocketsphinx`; `sherpa_onnx`, `moonshine` and `onnx_asr`, which are `native`.

- `worker_stream`: one utterance that a worker process recognises; `audio_messages`: what the worker is told of it
- `hearing`: how many people a recogniser can follow
"""
