"""What this machine can do with its engines, and how fast: `voxwire doctor --measure`.

- `stages`: each engine by itself: its speed, and how long it takes to begin
- `spoken_question`: a spoken question to a deployment, and how long the answer takes
- `held_memory`: what this process and its workers hold
- `machine`: processors, memory and GPUs, and what fits them
"""
