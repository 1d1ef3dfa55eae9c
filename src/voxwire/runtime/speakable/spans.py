"""Which written characters the spoken ones stand for."""

from bisect import bisect_right


class Spans:
    """Grows from left to right; both texts are counted in characters from the start of the message."""

    def __init__(self) -> None:
        self.spoken = 0
        self.written = 0
        # Knots, at rising numbers of spoken characters. When exactly that many were heard, `at` written ones were.
        # From there on a spoken character is a written one, counted from `base`; or, in words that were put in
        # (`step` 0), none is.
        self._starts = [0]
        self._at = [0]
        self._base = [0]
        self._step = [1]

    @property
    def unchanged(self) -> bool:
        """Whether all was spoken as it was written."""
        return len(self._starts) == 1 and self._base[0] == 0

    def keep(self, count: int) -> None:
        """The next characters are spoken as they are written."""
        self.spoken += count
        self.written += count

    def drop(self, count: int, *, closes: bool = False) -> None:
        """The next characters are silent. They are heard with what follows; what `closes`, with what was before."""
        self._knot()
        self.written += count
        self._base[-1] = self.written
        if closes and self.spoken:
            self._at[-1] = self.written

    def say(self, count: int) -> None:
        """This many spoken characters stand for nothing that is written."""
        self._knot()
        self._step[-1] = 0
        self.spoken += count
        self._knot()

    def close(self) -> None:
        """All of the message is known: who heard everything spoken has heard everything written."""
        if self.written_at(self.spoken) != self.written:
            self._knot()
            self._at[-1] = self.written

    def written_at(self, spoken: int) -> int:
        """How many written characters were heard when this many spoken ones were."""
        spoken = min(spoken, self.spoken)
        index = bisect_right(self._starts, spoken) - 1
        start = self._starts[index]
        if spoken == start:
            return self._at[index]
        return self._base[index] + (spoken - start) * self._step[index]

    def _knot(self) -> None:
        """Make the last knot the one at the present end."""
        if self._starts[-1] != self.spoken:
            self._starts.append(self.spoken)
            self._at.append(self.written)
            self._base.append(self.written)
            self._step.append(1)
