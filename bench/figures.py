"""The arithmetic of the figures: percentiles, medians, and ratios of what was measured in turns."""

import re
import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def median(values: Sequence[float | None]) -> float | None:
    """Of what is there; None where nothing is."""
    found = [value for value in values if value is not None]
    return statistics.median(found) if found else None


def paired_ratio(values: Sequence[float | None], base: Sequence[float | None]) -> float | None:
    """The median of value / base, round by round; None where no round has both.

    What slows a machine for a minute slows both of a round, so it falls out of their ratio. It would not fall out of
    a ratio of medians.
    """
    pairs = [(value, other) for value, other in zip(values, base, strict=True) if value is not None and other]
    return statistics.median(value / other for value, other in pairs) if pairs else None


def written(value: float | None, digits: int = 2) -> str:
    """For a table: a dash where nothing is known."""
    return "-" if value is None else f"{value:,.{digits}f}"


def condensed(remarks: Sequence[str]) -> list[str]:
    """Remarks that differ only in their numbers as one line, which is the first of them."""
    alike: dict[str, list[str]] = {}
    for remark in remarks:
        alike.setdefault(re.sub(r"[\d,.]*\d", "0", remark), []).append(remark)
    return [first if not more else f"{first}; and {len(more)} more like it" for first, *more in alike.values()]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that fits a terminal and a document alike; all but the first column are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
