"""The built-in engines, and how engines are found.

- `registry`: engines by name, through entry points; `options`, `declared_options`: what the settings hand to them,
  checked
- `vad`: speech detection, in the server's process
- `stt`, `llm`, `tts`, `turn`: speech to text, language, text to speech, the end of a turn
- `worker`: the processes in which native engines run; `remote`: those that are servers of somebody else
- `log_mel`: sound as models with Whisper's encoder hear it

What an engine must do is in `voxwire.interfaces`.
"""

__all__ = ["declared_options", "llm", "registry", "remote", "stt", "tts", "turn", "vad", "worker"]
