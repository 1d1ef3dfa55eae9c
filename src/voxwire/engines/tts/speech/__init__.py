"""Speech from a server of somebody else that has OpenAI's `/audio/speech`.

- `engine`: the engine; `speech_options`: what an operator can set
- `speech_stream`: one spoken answer
- `pcm_body`: the audio in an answer's body, raw or in a WAV file
"""
