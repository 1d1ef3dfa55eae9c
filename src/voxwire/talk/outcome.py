"""What can go wrong in a conversation from the terminal: one clear line and an exit code."""

from enum import IntEnum

from voxwire.errors import VoxwireError


class Exit(IntEnum):
    """Exit codes of `voxwire talk`; that of Ctrl-C is the same for all commands."""

    GOOD = 0
    FAILED = 1
    USAGE = 2


class TalkError(VoxwireError):
    """The conversation failed; the message is what the person reads."""

    exit_code = Exit.FAILED


class UsageError(TalkError):
    """Nothing was tried: an option, a file or a missing part of this computer stands in the way."""

    exit_code = Exit.USAGE
