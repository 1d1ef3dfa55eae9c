"""Which words of a growing hypothesis are final."""

from typing import Final

from voxwire.engines.stt.pocketsphinx.hypothesis import DECODER_FRAME_MS, Hypothesis, Segment

#: A word is final once it has stood in every hypothesis for this long and ends this far back.
_SETTLED: Final = 800 // DECODER_FRAME_MS


class Settled:
    """Follows the hypotheses of one utterance; its words only ever grow in number."""

    def __init__(self) -> None:
        self.words: list[Segment] = []
        self._last: list[Segment] = []
        self._since: list[int] = []

    def update(self, frames: int, hypothesis: Hypothesis, second: Hypothesis | None = None) -> None:
        """The hypothesis after `frames` frames of audio. Where there are two decoders, both must agree."""
        words = hypothesis.words
        if second is not None:
            words = words[: _common(words, second.words)]
        kept = _common(words, self._last)
        self._since = self._since[:kept] + [frames] * (len(words) - kept)
        self._last = words
        count = len(self.words)
        if kept < count:
            return
        while count < len(words) and max(self._since[count], words[count].end) <= frames - _SETTLED:
            count += 1
        self.words = words[:count]

    def complete(self, hypothesis: Hypothesis) -> list[Segment]:
        """The words of `hypothesis`; those that were settled stay, even where it has changed its mind."""
        words, count = hypothesis.words, len(self.words)
        if _common(words, self.words) == count:
            return words
        return [*self.words, *(word for word in words if word.start >= self.words[-1].end)]


def _common(one: list[Segment], other: list[Segment]) -> int:
    """How many leading words both have."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a.word != b.word), min(len(one), len(other)))
