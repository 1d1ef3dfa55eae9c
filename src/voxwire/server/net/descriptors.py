"""File descriptors for as many sessions as the settings allow: each session holds one."""

import logging
import sys
from typing import Final

logger = logging.getLogger(__name__)

#: Beside the sessions: workers, pages and requests, the log.
_OTHERS: Final = 256


def make_room(sessions: int) -> None:
    """Let this process open files for so many sessions; says in the log when the system does not allow it.

    Many systems give a process 1,024 and let it have more for the asking. Without them a connection is
    not refused with 429 but never accepted.
    """
    if sys.platform == "win32":
        return
    import resource

    needed = sessions + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    except (ValueError, OSError):  # macOS has a further limit, which is not shown
        allowed = soft
    if allowed < needed:
        logger.warning(
            "%d sessions may need %d open files and the system allows %d; raise ulimit -n or lower server.max_sessions",
            sessions,
            needed,
            allowed,
        )
