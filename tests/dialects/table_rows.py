"""Rows of Markdown tables, and the dialects that stand side by side in them."""

from dialect_samples import FIRST, GA, PREVIEW, VOICE_LIVE

COLUMNS = {"GA": GA, "preview": PREVIEW, "2024-10-01": FIRST, "Voice Live": VOICE_LIVE}
YES, NO = "yes", "-"


def head(*names: str) -> list[str]:
    return [row(*names), row(*("---" for _ in names))]


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)
