"""Stored conversations: what sessions were told, kept where a deployment's policy says so.

- `journal_format`: the form of what is stored; `rebuild`: values with their sound or words taken out
- `recorded_session`: a session that notes what it is told; `notes`: until that is taken away
- `session_storer`: the task that stores them; `sealing`: how they lie in the database; `retention`: until when
- `session_library`: stored sessions, found; `reading`: as a person reads them; `stereo`: as they sounded
- `replay`: a stored session, told to today's core once more
- `presenting`: what commands and routes show; `journal_file`: a session as a file; `redaction`: with other words in it
"""
