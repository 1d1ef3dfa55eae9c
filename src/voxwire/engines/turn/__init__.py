"""Turn models: whether a speaker who is silent has finished (`voxwire.interfaces.turn`).

- `smart_turn`: smart-turn v3, which listens to the voice
"""
