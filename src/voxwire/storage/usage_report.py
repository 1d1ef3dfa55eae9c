"""Sums of usage as REST, `voxwire usage` and spreadsheets show them. Fields are called as in OpenAI's usage API."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, get_args

from voxwire.errors import ConfigurationError
from voxwire.storage.usage import UsageGroup, UsageTotals

USAGE_GROUPS: Final[tuple[UsageGroup, ...]] = get_args(UsageGroup)
#: How many days a report covers, where nobody says.
REPORT_DAYS: Final = 30
#: What says which group a sum is of.
_FIELDS: Final[Mapping[UsageGroup, Sequence[str]]] = {
    "day": ("date",),
    "deployment": ("deployment",),
    "principal": ("principal", "principal_name", "principal_ended"),
}


def usage_groups(text: str) -> tuple[UsageGroup, ...]:
    """`day,deployment` as groups. Raises ConfigurationError."""
    names = dict.fromkeys(name.strip() for name in text.split(",") if name.strip())
    found = tuple(group for group in USAGE_GROUPS if group in names)
    if len(found) != len(names):
        raise ConfigurationError(f"usage is grouped by {', '.join(USAGE_GROUPS)}, separated by commas")
    return found


def report_span(start: date | None, end: date | None) -> tuple[int, int]:
    """From the beginning of the first day to the end of the last (UTC), in milliseconds since 1970; where one is left
    out: the 30 days up to today. Raises ConfigurationError."""
    last = end or max(datetime.now(UTC).date(), start or date.min)
    first = start or last - timedelta(days=min(REPORT_DAYS - 1, last.toordinal() - 1))
    if first > last:
        raise ConfigurationError("the first day of the report comes after the last")
    return _ms(first), _ms(last) + 86_400_000


def usage_fields(totals: UsageTotals) -> dict[str, Any]:
    """One sum. What it was not grouped by is left out."""
    groups = {
        "date": totals.day and totals.day.isoformat(),
        "deployment": totals.deployment,
        "principal": totals.principal,
        "principal_name": totals.principal_name,
        "principal_ended": totals.principal_ended if totals.principal_name is not None else None,
    }
    return {name: value for name, value in groups.items() if value is not None} | {
        "num_sessions": totals.sessions,
        "num_model_requests": totals.responses,
        "input_tokens": totals.input_text + totals.input_audio,
        "input_text_tokens": totals.input_text,
        "input_audio_tokens": totals.input_audio,
        "input_cached_tokens": totals.cached_text + totals.cached_audio,
        "output_tokens": totals.output_text + totals.output_audio,
        "output_text_tokens": totals.output_text,
        "output_audio_tokens": totals.output_audio,
        "wasted_tokens": totals.wasted_tokens,
        "input_audio_seconds": round(totals.audio_in_ms / 1000, 3),
        "output_audio_seconds": round(totals.audio_out_ms / 1000, 3),
    }


def usage_csv(found: Sequence[UsageTotals], by: Sequence[UsageGroup]) -> str:
    """A table with a line of headings (RFC 4180)."""
    out = io.StringIO()
    rows = [usage_fields(totals) for totals in found]
    named = [name for group in by for name in _FIELDS[group]]
    sums = [name for name in usage_fields(_NOTHING) if name not in named]
    table = csv.DictWriter(out, [*named, *sums])
    table.writeheader()
    table.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _plain(value: Any) -> Any:
    """Spreadsheets take what begins so for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _ms(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)


_NOTHING: Final = UsageTotals(
    sessions=0,
    responses=0,
    input_text=0,
    input_audio=0,
    cached_text=0,
    cached_audio=0,
    output_text=0,
    output_audio=0,
    wasted_tokens=0,
    audio_in_ms=0,
    audio_out_ms=0,
)
