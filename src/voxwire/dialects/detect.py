"""Decide the variant of a connection from its handshake (protocol: connecting, Dialect of a connection).

Azure puts the dialect into the path and `api-version`, OpenAI into a header, browsers into a
subprotocol. What none of them can tell is left to the late switch of `Codec`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from voxwire.dialects.variant import Dialect, Variant

#: The first api-version that means GA on the preview path; the last preview is 2025-04-01.
GA_SINCE: Final = date(2025, 8, 28)
#: The one preview whose clients validate replies against closed sets.
FIRST_PREVIEW: Final = date(2024, 10, 1)
#: The one that brought deltas of transcripts. OpenAI's marker does not say which preview it means, and the
#: original clients of the first fail on them (protocol: decisions, Transcription deltas).
LAST_PREVIEW: Final = date(2025, 4, 1)
_GA_NAMES: Final = frozenset({"v1", "preview", "latest"})
_MARKER_HEADER: Final = "realtime=v1"
_MARKER_SUBPROTOCOL: Final = "openai-beta.realtime-v1"


def detect(
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    subprotocols: Sequence[str],
) -> Variant:
    """The variant of a WebSocket handshake.

    Header names are lower-case. The path may have a trailing slash, repeated slashes and a prefix.
    Routing is not decided here: a path that no route serves still gets an answer (GA).
    """
    segments = [segment for segment in path.split("/") if segment]
    version = query.get("api-version", "")
    transcription = query.get("intent") == "transcription"
    dated = version_date(version)
    projection = dated == FIRST_PREVIEW
    deltas = dated is not None and dated >= LAST_PREVIEW
    if segments[-2:] == ["voice-live", "realtime"]:
        return Variant(dialect=Dialect.VOICE_LIVE, transcription=transcription)
    if _MARKER_HEADER in headers.get("openai-beta", "") or _MARKER_SUBPROTOCOL in subprotocols:
        return Variant(
            dialect=Dialect.PREVIEW,
            projection=projection,
            transcription=transcription,
            transcription_deltas=deltas,
        )
    if _is_preview_path(segments) and not _means_ga(version):
        return Variant(
            dialect=Dialect.PREVIEW,
            projection=projection,
            transcription=transcription,
            late_switch=True,
            transcription_deltas=deltas,
        )
    return Variant(dialect=Dialect.GA, transcription=transcription)


def version_date(version: str) -> date | None:
    """The date in an Azure api-version (`2024-10-01-preview`), None when it holds none."""
    try:
        return date.fromisoformat(version.removesuffix("-preview"))
    except ValueError:
        return None


def _is_preview_path(segments: Sequence[str]) -> bool:
    """`…/openai/realtime` or `…/openai/deployments/NAME/realtime`, where NAME may hold slashes."""
    if segments[-1:] != ["realtime"] or "openai" not in segments:
        return False
    below = segments[segments.index("openai") + 1 : -1]
    return not below or (below[0] == "deployments" and len(below) > 1)


def _means_ga(version: str) -> bool:
    """A missing or unreadable version is taken for preview, as is one between the two; the late switch helps."""
    dated = version_date(version)
    return version in _GA_NAMES if dated is None else dated >= GA_SINCE
