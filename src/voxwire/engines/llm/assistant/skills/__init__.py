"""What the assistant can do by itself.

- `skill`: what a skill is; `catalogue`: all of them, in the order in which they are asked
- `arithmetic`, `units`, `clock`, `letters`, `chance`, `smalltalk`, `emergency`: the skills
"""
