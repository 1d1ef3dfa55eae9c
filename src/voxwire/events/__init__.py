"""The neutral vocabulary: what clients ask, what the server says, and what engines must do.

Meanings follow the GA dialect, names follow Python. Dialects translate to and from the wire.

- `items`: conversation items and their content parts
- `config`: session settings, patches to them, tools
- `client`: client events
- `response`: per-response parameters, response objects, usage
- `server`: server events
- `engines`: the interfaces of speech-to-text, language, text-to-speech and voice-activity engines
"""
