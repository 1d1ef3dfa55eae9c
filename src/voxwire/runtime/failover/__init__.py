"""Several engines for one stage: when one fails, the next goes on where it stopped (ADR 27).

- `members`: the engines of a stage, which of them are well, and who is asked next
- `failover_llm`, `failover_stt`, `failover_tts`: one engine made of several, for each stage
- `continuation`: an answer that several language engines write one after the other
- `serving`: how a session learns which engine serves it
"""

from voxwire.runtime.failover import serving
from voxwire.runtime.failover.failover_llm import FailoverLlm, failover_llm
from voxwire.runtime.failover.failover_stt import FailoverStt
from voxwire.runtime.failover.failover_tts import FailoverTts
from voxwire.runtime.failover.members import Member, Members, TakeoverTimes

__all__ = ["FailoverLlm", "FailoverStt", "FailoverTts", "Member", "Members", "TakeoverTimes", "failover_llm", "serving"]
