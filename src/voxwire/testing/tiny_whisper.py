"""A Whisper model of some megabytes that hears nothing and says a script: the more sound, the more of it.

The network is all zeros but for its positions: at each place of a transcript it says the word of that place. It runs in
the real CTranslate2, with the marks, languages and rules of a true model, so order, prompts, windows and words can be
tried, and what is understood cannot.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from ctranslate2.specs import WhisperSpec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from voxwire.engines.stt.whisper.whisper_languages import ALL

#: The script, a token each but for the last letter of "café", which is two. It begins anew where it ends.
SPOKEN_SCRIPT: Final = (
    " one two three four, five six seven eight. nine ten eleven twelve caf\N{LATIN SMALL LETTER E WITH ACUTE} "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty? red green blue white black brown pink"
)
_WIDTH: Final = 48
_BANDS: Final = 80
_POSITIONS: Final = 448
_ENCODER_POSITIONS: Final = 1_500
_MARKS_OF_TIME: Final = 1_501
#: The place of the first mark of time: behind it stands the first word.
_OPENING: Final = 1
_CERTAIN: Final = 10.0


def tiny_whisper(folder: Path, *, begins: int = 0) -> Path:
    """Make an English model in `folder`, which is returned. `begins` counts the words of the script that it leaves out
    at the first."""
    folder.mkdir(parents=True, exist_ok=True)
    script, pieces = _pieces()
    marks = _marks()
    tokens = [*pieces, *marks]
    _save_tokenizer(folder, pieces, marks)
    said = [tokens.index(script[(place + begins - _OPENING) % len(script)]) for place in range(_WIDTH)]
    spec = _spec(len(tokens), said)
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [tokens.index(f"<|{code}|>") for code in ALL]
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.save(str(folder))
    return folder


def _pieces() -> tuple[list[str], list[str]]:
    """The script as tokens, and all text tokens: its words, and the 256 bytes as letters."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    script = [piece for word in SPOKEN_SCRIPT.split(" ")[1:] for piece in _bytes_of(f" {word}")]
    return script, [*alphabet, *dict.fromkeys(piece for piece in script if piece not in alphabet)]


def _bytes_of(word: str) -> list[str]:
    (spelt, _), *_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(word)
    return [spelt] if word.isascii() else [spelt[:-2], spelt[-2], spelt[-1]]


def _marks() -> list[str]:
    names = ["endoftext", "startoftranscript", *ALL, "translate", "transcribe"]
    names += ["startoflm", "startofprev", "nospeech", "notimestamps"]
    return [f"<|{name}|>" for name in names] + [f"<|{step / 50:.2f}|>" for step in range(_MARKS_OF_TIME)]


def _save_tokenizer(folder: Path, pieces: list[str], marks: list[str]) -> None:
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    tokenizer.save(str(folder / "tokenizer.json"))


def _spec(size: int, said: list[int]) -> Any:
    spec = WhisperSpec(1, 1, 1, 1)
    for name, value in spec.variables().items():
        if value is None:
            _fill(spec, name, np.zeros(_shape(name, size), np.float32))
    for layer in (spec.encoder, spec.decoder):
        layer.layer_norm.gamma = np.ones(_WIDTH, np.float32)
    places = np.zeros((_POSITIONS, _WIDTH), np.float32)
    places[np.arange(_POSITIONS), np.arange(_POSITIONS) % _WIDTH] = 1
    spec.decoder.position_encodings.encodings = places
    spec.encoder.position_encodings.encodings = np.zeros((_ENCODER_POSITIONS, _WIDTH), np.float32)
    words = np.zeros((size, _WIDTH), np.float32)
    for place, token in enumerate(said):
        words[token, place] = _CERTAIN
    spec.decoder.projection.weight = words
    return spec


def _fill(spec: Any, name: str, value: np.ndarray[Any, Any]) -> None:
    *path, last = name.split("/")
    for step in path:
        stem, _, number = step.rpartition("_")
        spec = getattr(spec, stem)[int(number)] if number.isdigit() and not hasattr(spec, step) else getattr(spec, step)
    setattr(spec, last, value)


def _shape(name: str, size: int) -> tuple[int, ...]:
    """Of a weight; everything is as wide as everything else, but for the hidden layer that is no wider."""
    *_, part, kind = name.split("/")
    if kind in ("beta", "gamma"):
        return (_WIDTH,)
    if part == "conv1":
        return _WIDTH, _BANDS, 3
    if part == "conv2":
        return _WIDTH, _WIDTH, 3
    if part in ("embeddings", "projection"):
        return size, _WIDTH
    wide = 1
    if "self_attention" in name and part == "linear_0":
        wide = 3
    elif "/attention/" in name and part == "linear_1":
        wide = 2
    return _WIDTH * wide, _WIDTH
