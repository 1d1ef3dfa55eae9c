"""Words as Whisper has them: numbers of pieces of text, and marks."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer

from voxwire.engines.stt.whisper.messages import HeardWord, TokenChance
from voxwire.errors import ConfigurationError

#: Marks of time are so far apart, in seconds, and reach to the end of 30 s.
TIME_STEP_S: Final = 0.02
#: What decodes to this is not a whole character yet.
_BROKEN: Final = "\ufffd"
#: Bytes of a character: so many tokens make one, or they never will.
_LONGEST: Final = 4
#: A probability has a logarithm.
_LEAST: Final = 1e-10
#: Written without spaces: each character counts as a word.
_UNSPACED: Final = frozenset(("zh", "yue", "ja", "th", "lo", "my"))


class Tokens:
    """The tokenizer of one model. Tokens below `end` are text, those from `time_zero` on are marks of time."""

    def __init__(self, folder: Path, languages: Sequence[str]) -> None:
        """Of `languages` the model has those that its tokenizer has. Raises ConfigurationError."""
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises nothing more precise
            raise ConfigurationError(f"The tokenizer.json in {folder} cannot be read: {error}") from error
        self.end = self._mark("endoftext")
        self.time_zero = self._mark("notimestamps") + 1
        self._start = self._mark("startoftranscript")
        self._before = self._mark("startofprev")
        self._transcribe = self._mark("transcribe")
        self.languages = {
            code: mark for code in languages if (mark := self._tokenizer.token_to_id(f"<|{code}|>")) is not None
        }

    def _mark(self, name: str) -> int:
        mark: int | None = self._tokenizer.token_to_id(f"<|{name}|>")
        if mark is None:
            raise ConfigurationError(f"The tokenizer has no <|{name}|>: it is not one of Whisper's.")
        return mark

    def opening(self, language: str | None) -> list[int]:
        """What a transcript begins with; `language` is None for a model that knows only one."""
        return [self._start] if language is None else [self._start, self.languages[language], self._transcribe]

    def hints(self, text: str, most: int) -> list[int]:
        """What stands before the opening, to have words expected: the first `most` tokens of the text."""
        text = text.strip()
        return [self._before, *self._tokenizer.encode(f" {text}", add_special_tokens=False).ids[:most]] if text else []

    def text(self, tokens: Sequence[int]) -> str:
        return self._decode(tokens).replace(_BROKEN, "")

    def _decode(self, tokens: Sequence[int]) -> str:
        decoded: str = self._tokenizer.decode([token for token in tokens if token < self.end])
        return decoded

    def words(self, tokens: Sequence[int], language: str) -> list[HeardWord]:
        """Text tokens as words. A space begins one, or each character where no spaces are written."""
        words: list[HeardWord] = []
        for piece in self.characters(tokens):
            text = self.text(piece)
            if words and not (text.startswith(" ") or (language in _UNSPACED and text.strip().isalnum())):
                piece = [*words[-1].tokens, *piece]
                text = words.pop().text + text
            words.append(HeardWord(text, piece))
        return words

    def characters(self, tokens: Sequence[int]) -> list[list[int]]:
        """Text tokens, joined where only several make a whole character."""
        pieces: list[list[int]] = []
        piece: list[int] = []
        for token in tokens:
            piece.append(token)
            if len(piece) == _LONGEST or not self._decode(piece).endswith(_BROKEN):
                pieces.append(piece)
                piece = []
        return pieces

    def chances(self, word: HeardWord, probabilities: Iterator[float]) -> list[TokenChance]:
        """How likely each piece of a word is; takes the probabilities of its tokens."""
        return [
            TokenChance(self.text(piece), sum(math.log(max(next(probabilities), _LEAST)) for _ in piece))
            for piece in self.characters(word.tokens)
        ]
