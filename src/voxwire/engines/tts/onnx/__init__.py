"""Voices that are ONNX models of whole clauses, in their worker processes.

- `model_file`: what a model file says of itself, and one output more of it
- `voice_session`: a model that is run, and can be stopped
- `token_times`: which symbols of a clause are which words of the text
- `clause_audio`: a clause of samples, trimmed, and sent in pieces

Nothing is imported here, so that a worker stays light.
"""
