"""Stored conversations: what sessions were told, kept where a deployment's policy says so.

- `journal_format`: the form of what is stored; `rebuild`: values with their sound or words taken out
- `recorded_session`: a session that notes what it is told; `notes`: until that is taken away
- `replay`: a stored session, told to today's core once more
"""
