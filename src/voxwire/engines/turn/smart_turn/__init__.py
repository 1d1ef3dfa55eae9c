"""smart-turn v3: an open network that hears whether somebody has finished (docs/engines/smart-turn.md).

- `engine`: votes for all sessions of the process, several in one pass, beside the event loop
- `turn_network`: the model's file, run
- `voice_features`: what the network hears: Whisper's logarithm of energy in bands of pitch
"""
