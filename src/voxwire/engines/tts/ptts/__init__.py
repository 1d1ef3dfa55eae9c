"""Speech by `ptts`, the runtime of Pocket TTS and Phonon: `engine` in the server, `worker` in its worker processes."""
