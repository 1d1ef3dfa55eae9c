"""`voxwire talk`: a conversation in the terminal, as a client of any Realtime server.

errors          what can go wrong, and exit codes
wire            the two dialects as a client speaks them
tools           declared tools, answered by a stub
question        sound files in
answer          sound files out
devices         microphone and loudspeaker
latency         when things happened in a turn
screen          what a person sees
dialogue        the course of a conversation, without I/O
connection      opening the WebSocket
conversation    joins dialogue and WebSocket
local_server    a server of our own as a child process
endings         signals that end it
command         the options
program         puts the parts together
"""

from voxwire.cli.talk.command import register, run

__all__ = ["register", "run"]
