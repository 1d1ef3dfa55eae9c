"""Text to speech engines.

- `flite`, `espeak`, `piper`, `kokoro`, `sherpa_onnx`, `ptts`, `speech`: the engines
- `embedded`: the one of the first two that can run here

What they share, in the server's process:

- `pooled`: clauses to the workers and audio back; `modelled`: the same with models on disk
- `clauses`, `clause_queue`: where text is cut, and what of it waits
- `voice_names`: the names of the API
- `messages`: what is said to a worker and what it answers

In their workers:

- `speakable`, `timeline`, `pauses`: text as a voice can read it, which words are where in the audio, silence around it
- `reading`: figures and signs in words
- `onnx`: models of whole clauses

Nothing is imported here, so that a worker stays light.
"""
