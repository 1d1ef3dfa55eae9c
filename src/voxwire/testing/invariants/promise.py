"""A promise, and what is raised where one is broken."""


class InvariantBroken(AssertionError):
    """The session broke a promise; the text says which, and at which output."""


class Promise:
    """Counts the outputs, so that a broken promise can say at which one."""

    def __init__(self) -> None:
        self.count = 0

    def require(self, holds: bool, what: object, promise: str) -> None:
        if not holds:
            raise self.broken(what, promise)

    def broken(self, what: object, promise: str) -> InvariantBroken:
        return InvariantBroken(f"output {self.count}: {promise}: {what!r:.2000}")
