"""ONNX models of a few kilobytes that hum: they have the inputs and outputs of real voices, and say nothing.

They are written by hand (`onnx.proto`), so that no test needs the `onnx` package. Each symbol of the text is a tone of
its own, as long as a real voice would take for it; padding, spaces and marks are silent. So durations, order, speed and
cancelling can be tried, and how it sounds cannot.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

_FLOAT, _INT64 = 1, 7
#: Inputs by name: their type, and their sizes, of which those that vary have names.
_Inputs = dict[str, tuple[int, list[int | str]]]
_IR_VERSION: Final = 8
_OPSET: Final = 17
#: What Piper reads: its symbols for the beginning, the end and padding, and sounds of espeak-ng.
_LETTERS: Final = "_^$ !'(),-.:;?abcdefghijklmnopqrstuvwxyzæçðøħŋœɐɑɒɔɕɖəɚɛɜɟɡɪɫɬɲɹɾʁʃʊʋʌʎʒʔʰʲˈˌːθᵻ\u0303\u0329"  # noqa: RUF001
#: Samples of one frame, as Piper and as Kokoro have them.
_PIPER_HOP, _KOKORO_HOP = 256, 600
#: Symbols up to these numbers are silent: padding, spaces and marks.
_PIPER_SILENT: Final = 13
_KOKORO_SILENT: Final = 16


def tiny_piper(folder: Path, *, name: str = "tiny", rate: int = 22_050, speakers: int = 1, work: int = 0) -> Path:
    """A voice of Piper, `folder/name.onnx`, with its description; speaks English by espeak-ng's symbols.

    `work` makes it slow: so many products of matrices, each some milliseconds.
    """
    graph = _Graph()
    length = graph.gather("scales", 1)
    frames = graph.node("Ceil", graph.mul(graph.like("symbols", 3.0), length))
    pitch = graph.node("Cast", "sid", to=_FLOAT) if speakers > 1 else graph.constant(0.0)
    pitch = graph.node("Add", graph.node("Reshape", pitch, graph.integers([])), graph.labour(work, length))
    audio = graph.hum("symbols", frames, pitch, hop=_PIPER_HOP, silent=_PIPER_SILENT, shape=[1, 1, 1, -1])
    inputs: _Inputs = {
        "input": (_INT64, ["batch", "symbols"]),
        "input_lengths": (_INT64, ["batch"]),
        "scales": (_FLOAT, [3]),
    }
    if speakers > 1:
        inputs["sid"] = (_INT64, ["batch"])
    model = folder / f"{name}.onnx"
    model.write_bytes(graph.model("input", inputs, {audio: "output"}))
    description = {
        "audio": {"sample_rate": rate},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.0, "length_scale": 1.0, "noise_w": 0.0},
        "num_symbols": len(_LETTERS),
        "num_speakers": speakers,
        "speaker_id_map": {f"speaker{number}": number for number in range(speakers)} if speakers > 1 else {},
        "phoneme_id_map": {letter: [number] for number, letter in enumerate(_LETTERS)},
    }
    model.with_name(f"{name}.onnx.json").write_text(json.dumps(description))
    return model


def tiny_sherpa(folder: Path, *, lexicon: bool = False) -> Path:
    """A folder with a VITS model for sherpa-onnx: one of Piper's, which reads sounds, or one with a lexicon."""
    graph = _Graph()
    scales: list[tuple[str, tuple[int, list[int | str]]]] = [("scales", (_FLOAT, [3]))]
    if lexicon:
        scales = [(name, (_FLOAT, [1])) for name in ("noise_scale", "length_scale", "noise_scale_w")]
    symbols, lengths = ("x", "x_length") if lexicon else ("input", "input_lengths")
    longer = graph.gather(*(("length_scale", 0) if lexicon else ("scales", 1)))
    frames = graph.node("Ceil", graph.mul(graph.like("symbols", 3.0), longer))
    audio = graph.hum("symbols", frames, graph.constant(0.0), hop=_PIPER_HOP, silent=_PIPER_SILENT, shape=[1, 1, -1])
    inputs: _Inputs = {symbols: (_INT64, ["batch", "symbols"]), lengths: (_INT64, ["batch"]), **dict(scales)}
    about = {"model_type": "vits", "language": "English", "n_speakers": "1", "sample_rate": "22050", "add_blank": "1"}
    about |= {"comment": "own" if lexicon else "piper", "has_espeak": "0" if lexicon else "1", "voice": "en-us"}
    (folder / "model.onnx").write_bytes(graph.model(symbols, inputs, {audio: "output"}, about))
    (folder / "tokens.txt").write_text("".join(f"{letter} {number}\n" for number, letter in enumerate(_LETTERS)))
    if lexicon:
        words = ("ready", "hello", "there")
        (folder / "lexicon.txt").write_text("".join(f"{word} {' '.join(word)}\n" for word in words))
    return folder


def tiny_kokoro(folder: Path, voices: Iterable[str] = ("af_heart", "am_michael")) -> Path:
    """A folder with a model of Kokoro and the styles of these voices."""
    graph = _Graph()
    frames = graph.node(
        "Clip",
        graph.node("Round", graph.node("Div", graph.like("symbols", 3.0), "speed")),
        graph.constant(1.0),
    )
    pitch = graph.gather(graph.node("Reshape", "style", graph.integers([-1])), 0)
    audio = graph.hum("symbols", frames, pitch, hop=_KOKORO_HOP, silent=_KOKORO_SILENT, shape=[-1])
    inputs: _Inputs = {"tokens": (_INT64, [1, "symbols"]), "style": (_FLOAT, [1, 256]), "speed": (_FLOAT, [1])}
    (folder / "model.onnx").write_bytes(graph.model("tokens", inputs, {audio: "audio"}))
    styles = {voice: np.full((510, 1, 256), number, np.float32) for number, voice in enumerate(voices)}
    with (folder / "voices.npz").open("wb") as file:
        np.savez(file, allow_pickle=False, **styles)
    return folder


class _Graph:
    """Steps of a model as they are written."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._count = 0

    def node(self, operation: str, *inputs: str, to: int | None = None) -> str:
        """A step; the name of what it makes."""
        self._count += 1
        made = f"/{operation}_{self._count}"
        attribute = [] if to is None else [_field(5, _field(1, b"to") + _number(3, to) + _number(20, 2))]
        body = [_field(1, name.encode()) for name in inputs]
        self._nodes.append(b"".join([*body, _field(2, made.encode()), _field(4, operation.encode()), *attribute]))
        return made

    def constant(self, value: float) -> str:
        return self._tensor(np.float32(value), _FLOAT)

    def integers(self, value: Any) -> str:
        return self._tensor(np.array(value, np.int64), _INT64)

    def _tensor(self, value: Any, kind: int) -> str:
        name = f"constant{len(self._constants)}"
        dims = b"".join(_number(1, size) for size in value.shape)
        self._constants.append(dims + _number(2, kind) + _field(8, name.encode()) + _field(9, value.tobytes()))
        return name

    def mul(self, one: str, other: str) -> str:
        return self.node("Mul", one, other)

    def gather(self, vector: str, index: int) -> str:
        return self.node("Gather", vector, self.integers(index))

    def like(self, symbols: str, value: float) -> str:
        """A number for each symbol, always the same one."""
        return self.node("Add", self.mul(symbols, self.constant(0.0)), self.constant(value))

    def hum(self, symbols: str, frames: str, pitch: str, *, hop: int, silent: int, shape: list[int]) -> str:
        """Samples: for each symbol its tone, which `pitch` raises, `frames` long."""
        longest = self.node("ReduceMax", frames)
        size = self.node("Reshape", self.mul(longest, self.constant(hop)), self.integers([]))
        time = self.node("Range", self.constant(0.0), size, self.constant(1.0))
        column = self.node("Reshape", symbols, self.integers([-1, 1]))
        step = self.node("Add", self.constant(0.02), self.mul(column, self.constant(0.0005)))
        raised = self.node("Add", step, self.mul(self.node("Reshape", pitch, self.integers([])), self.constant(0.01)))
        audible = self.node("Cast", self.node("Greater", column, self.constant(silent + 0.5)), to=_FLOAT)
        tone = self.mul(self.node("Sin", self.mul(raised, time)), self.mul(audible, self.constant(0.5)))
        return self.node("Reshape", tone, self.integers(shape))

    def labour(self, products: int, seed: str) -> str:
        """Nothing, after so many products of matrices."""
        matrix = self.node("Expand", self.mul(seed, self.constant(0.0)), self.integers([600, 600]))
        for _ in range(products):
            matrix = self.node("MatMul", matrix, matrix)
        return self.node("Reshape", self.node("ReduceMax", matrix), self.integers([]))

    def model(
        self,
        symbols: str,
        inputs: _Inputs,
        outputs: Mapping[str, str],
        metadata: Mapping[str, str] | None = None,
    ) -> bytes:
        """The file. `symbols` is the input with the numbers of the symbols; `outputs` maps tensors to their names."""
        first = _field(1, symbols.encode()) + _field(2, b"symbols") + _field(4, b"Cast")
        first += _field(5, _field(1, b"to") + _number(3, _FLOAT) + _number(20, 2))
        last = [
            _field(1, tensor.encode()) + _field(2, name.encode()) + _field(4, b"Identity")
            for tensor, name in outputs.items()
        ]
        graph = b"".join(_field(1, node) for node in [first, *self._nodes, *last]) + _field(2, b"hum")
        graph += b"".join(_field(5, constant) for constant in self._constants)
        graph += b"".join(_field(11, _value(name, *shape)) for name, shape in inputs.items())
        graph += b"".join(_field(12, _value(name, _FLOAT, None)) for name in outputs.values())
        properties = b"".join(
            _field(14, _field(1, key.encode()) + _field(2, value.encode())) for key, value in (metadata or {}).items()
        )
        return _number(1, _IR_VERSION) + _field(7, graph) + _field(8, _number(2, _OPSET)) + properties


def _value(name: str, kind: int, shape: list[int | str] | None) -> bytes:
    dims = b""
    for size in shape or []:
        dims += _field(1, _number(1, size) if isinstance(size, int) else _field(2, size.encode()))
    tensor = _number(1, kind) + (_field(2, dims) if shape is not None else b"")
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _field(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
