"""Checks of what is said: by the person, and by the answer as it is made.

- `content_checks`: what a check is, and checks by name, found through entry points
- `word_list`, `pattern`: checks in this process; `moderation`: checks of endpoints, in our shape and in OpenAI's
- `content_policy`: checks that go together, and what they are to do
- `clauses_out`: text in clauses, so that a check sees the end of one before it is said
- `answer_watch`: the checks of one answer; `watched_sessions`: of all sessions
- `review_writer`: what they find, on its way to the database
"""

from voxwire.monitoring.content_checks import AsksSomebody, LooksAtOnce
from voxwire.monitoring.content_policy import Finding, content_policies
from voxwire.monitoring.review_writer import ReviewWriter
from voxwire.monitoring.watched_sessions import FoundIn, SessionMonitor

__all__ = ["AsksSomebody", "Finding", "FoundIn", "LooksAtOnce", "ReviewWriter", "SessionMonitor", "content_policies"]
