"""Speech from Kokoro: `engine` in the server, `worker` in its worker processes, `phonemes` from espeak-ng's sounds to
Kokoro's symbols, `voice_styles` for the model's files on disk."""
