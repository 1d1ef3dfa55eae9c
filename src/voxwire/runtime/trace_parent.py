"""`traceparent`: the trace that a client's request belongs to (W3C Trace Context, section 3.2)."""

import re
from dataclasses import dataclass
from typing import Final, Self

#: Version, trace, span and flags. Later versions may add fields behind these.
_HEADER: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_SAMPLED: Final = 0x01


@dataclass(frozen=True, slots=True)
class TraceParent:
    """The client's span, in lower-case hexadecimal digits; `sampled`: whether the client records it."""

    trace_id: str
    span_id: str
    sampled: bool

    @classmethod
    def of(cls, header: str | None) -> Self | None:
        """None for a header that says nothing; the standard asks for it to be passed over then."""
        found = _HEADER.fullmatch(header or "")
        if found is None:
            return None
        version, trace_id, span_id, flags, more = found.groups()
        if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
            return None
        return cls(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))
