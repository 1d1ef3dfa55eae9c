"""A check with a regular expression of the operator's. RE2 needs time in proportion to the text, whatever the
expression is: one of Python's own can take hours for thirty characters, and nothing could stop it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from voxwire.engines.declared_options import DeclaredOptions, declared
from voxwire.errors import ConfigurationError


class _PatternOptions(DeclaredOptions):
    pattern: str
    """As RE2 has them; `(?i)` at the beginning leaves case aside."""


class ExpressionCheck:
    """Looks for an expression."""

    def __init__(self, expression: Any) -> None:
        self._expression = expression

    def look(self, text: str) -> str | None:
        return "pattern" if self._expression.search(text) else None


def expression_check(options: Mapping[str, Any]) -> ExpressionCheck:
    """The entry point."""
    chosen = declared("The check pattern", _PatternOptions, options)
    re2: Any = import_module("re2")
    limits = re2.Options()
    limits.max_mem = 8 * 1024 * 1024
    limits.log_errors = False
    try:
        return ExpressionCheck(re2.compile(chosen.pattern, limits))
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else error.args[0]
        raise ConfigurationError(f"The check 'pattern' has an expression that RE2 does not take: {said}.") from None
