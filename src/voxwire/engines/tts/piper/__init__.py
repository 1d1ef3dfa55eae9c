"""Speech from Piper's voices: `engine` in the server, `worker` in its worker processes, `voice_files` for what lies on
disk. The package `piper-tts` is GPL-3; only the worker imports it."""
