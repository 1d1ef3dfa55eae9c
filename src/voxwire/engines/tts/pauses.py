"""How much silence is left around the words of a clause: voices begin and end every utterance with some tenths of a
second of it, which would add up at each clause, and come before the first word."""

from typing import Final

#: Before the first word, in milliseconds.
LEAD_MS: Final = 30
#: After the last one of a clause, and of a sentence.
_CLAUSE_MS: Final = 80
_SENTENCE_MS: Final = 250


def pause_ms(text: str) -> int:
    """Silence after a clause, in milliseconds."""
    ends_sentence = text.rstrip().rstrip("\"')]”’」』").endswith((".", "!", "?", "…", "。", "！", "？"))  # noqa: RUF001
    return _SENTENCE_MS if ends_sentence else _CLAUSE_MS
