"""Models of recognisers that hear what they were told to hear, for the real libraries.

Each is a few kilobytes of ONNX in the shapes that the library expects. What stands for acoustics is loudness: while
there is sound, one piece of the script after the other is heard, and in silence nothing is.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

#: What they hear, in the pieces of a tokeniser: a word begins with a mark.
SCRIPT: Final = (
    *("▁what", "▁is", "▁the", "▁we", "ather", "▁like", "▁in", "▁san", "▁fran", "cisco"),
    *("▁and", "▁can", "▁i", "▁go", "▁out", "▁with", "out", "▁a", "▁coat"),
)
SCRIPT_TEXT: Final = "".join(SCRIPT).replace("▁", " ").strip()
#: Logarithmic energy of the loudest band of a frame with sound, as the features of Kaldi and NeMo have it.
_SOUND: Final = -8.0
_OPSET: Final = 17
_MELS: Final = 80
#: A word of a model that hears whole utterances takes this many frames of 10 ms with sound.
_FRAMES_A_PIECE: Final = 6

#: Moonshine's tiny model: its width, and the samples of one of its frames.
_HIDDEN, _HOP = 288, 384

_FLOAT, _INT64, _INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32
_Tensor = tuple[str, int, Sequence[int | str] | None]


def zipformer_folder(folder: Path, script: Sequence[str] = SCRIPT) -> Path:
    """A streaming zipformer transducer as icefall exports one, for sherpa-onnx: one layer, chunks of 320 ms."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ["<blk>", *script]
    states: list[_Tensor] = [
        ("cached_key_0", _FLOAT, [4, 1, 4]),
        ("cached_nonlin_attn_0", _FLOAT, [1, 1, 4, 12]),
        ("cached_val1_0", _FLOAT, [4, 1, 4]),
        ("cached_val2_0", _FLOAT, [4, 1, 4]),
        ("cached_conv1_0", _FLOAT, [1, 16, 1]),
        ("cached_conv2_0", _FLOAT, [1, 16, 1]),
        ("embed_states", _FLOAT, [1, 128, 3, 19]),
        ("processed_lens", _INT64, [1]),
    ]
    _save(
        folder / "encoder-epoch-1-avg-1.int8.onnx",
        [("x", _FLOAT, ["N", 45, _MELS]), *states],
        [("encoder_out", _FLOAT, ["N", 8, 1]), *((f"new_{name}", kind, shape) for name, kind, shape in states)],
        [
            *_loudness("x", frames=32, axis=2, per=4, out="encoder_out"),
            *(helper.make_node("Identity", [name], [f"new_{name}"]) for name, _, _ in states),
        ],
        {
            **{"model_type": "zipformer2", "version": "1", "T": "45", "decode_chunk_len": "32"},
            **{"num_encoder_layers": "1", "encoder_dims": "16", "cnn_module_kernels": "3", "left_context_len": "4"},
            **{"query_head_dims": "4", "value_head_dims": "4", "num_heads": "1"},
        },
        _slices(32, per=4),
    )
    size = len(vocabulary)
    one_hot = [helper.make_node("Slice", ["y", "from", "to", "axis"], ["last"])]
    one_hot += [helper.make_node("Squeeze", ["last", "axis"], ["flat"])]
    one_hot += [helper.make_node("Gather", ["eye", "flat"], ["decoder_out"])]
    _save(
        folder / "decoder-epoch-1-avg-1.onnx",
        [("y", _INT64, ["N", 2])],
        [("decoder_out", _FLOAT, ["N", size])],
        one_hot,
        {"vocab_size": str(size), "context_size": "2"},
        {"eye": np.eye(size, dtype=np.float32), "from": [1], "to": [2], "axis": [1]},
    )
    _save(
        folder / "joiner-epoch-1-avg-1.int8.onnx",
        [("encoder_out", _FLOAT, ["N", 1]), ("decoder_out", _FLOAT, ["N", size])],
        [("logit", _FLOAT, ["N", size])],
        _next_piece("encoder_out", "decoder_out", "logit"),
        {"joiner_dim": "1"},
        {"successors": _successors(size, blank=0, first=1), **_verdict(size, blank=0)},
    )
    _tokens(folder / "tokens.txt", vocabulary)
    return folder


def nemotron_folder(folder: Path, script: Sequence[str] = SCRIPT) -> Path:
    """A cache-aware streaming transducer as NeMo's are exported for sherpa-onnx: windows of 250 ms, 160 ms apart."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = [*script, "<blk>"]
    _nemotron_encoder(folder / "encoder.int8.onnx", len(vocabulary))
    _nemotron_decoder(folder, len(vocabulary))
    _tokens(folder / "tokens.txt", vocabulary)
    return folder


def _nemotron_encoder(file: Path, size: int) -> None:
    caches: list[_Tensor] = [
        ("cache_last_channel", _FLOAT, ["B", 1, 2, 4]),
        ("cache_last_time", _FLOAT, ["B", 1, 4, 2]),
        ("cache_last_channel_len", _INT64, ["B"]),
    ]
    _save(
        file,
        [("audio_signal", _FLOAT, ["B", _MELS, "T"]), ("length", _INT64, ["B"]), *caches],
        [
            ("outputs", _FLOAT, ["B", 1, 2]),
            ("encoded_lengths", _INT64, ["B"]),
            *((f"{name}_next", kind, shape) for name, kind, shape in caches),
        ],
        [
            helper.make_node("Transpose", ["audio_signal"], ["in_time"], perm=[0, 2, 1]),
            *_loudness("in_time", frames=16, axis=2, per=8, out="levels"),
            helper.make_node("Transpose", ["levels"], ["outputs"], perm=[0, 2, 1]),
            helper.make_node("Identity", ["length"], ["encoded_lengths"]),
            *(helper.make_node("Identity", [name], [f"{name}_next"]) for name, _, _ in caches),
        ],
        {
            **{"vocab_size": str(size - 1), "window_size": "25", "chunk_shift": "16", "subsampling_factor": "8"},
            **{"normalize_type": "NA", "pred_rnn_layers": "1", "pred_hidden": "4"},
            **{f"cache_last_channel_dim{at}": str(dim) for at, dim in enumerate((1, 2, 4), 1)},
            **{f"cache_last_time_dim{at}": str(dim) for at, dim in enumerate((1, 4, 2), 1)},
        },
        _slices(16, per=8),
    )


def _nemotron_decoder(folder: Path, size: int) -> None:
    """The decoder, and the joiner that belongs to it."""
    memory: list[_Tensor] = [("states_1", _FLOAT, [1, "B", 4]), ("states_2", _FLOAT, [1, "B", 4])]
    _save(
        folder / "decoder.int8.onnx",
        [("targets", _INT32, ["B", 1]), ("target_length", _INT32, ["B"]), *memory],
        [
            ("outputs", _FLOAT, ["B", size, 1]),
            ("prednet_lengths", _INT32, ["B"]),
            *((f"{name}_next", kind, shape) for name, kind, shape in memory),
        ],
        [
            helper.make_node("Gather", ["eye", "targets"], ["hot"]),
            helper.make_node("Transpose", ["hot"], ["outputs"], perm=[0, 2, 1]),
            helper.make_node("Identity", ["target_length"], ["prednet_lengths"]),
            *(helper.make_node("Identity", [name], [f"{name}_next"]) for name, _, _ in memory),
        ],
        {},
        {"eye": np.eye(size, dtype=np.float32)},
    )
    _save(
        folder / "joiner.int8.onnx",
        [("encoder_outputs", _FLOAT, ["B", 1, 1]), ("decoder_outputs", _FLOAT, ["B", size, 1])],
        [("logit", _FLOAT, ["B", 1, size])],
        [
            helper.make_node("Transpose", ["decoder_outputs"], ["last"], perm=[0, 2, 1]),
            *_next_piece("encoder_outputs", "last", "logit"),
        ],
        {},
        {"successors": _successors(size, blank=size - 1, first=0), **_verdict(size, blank=size - 1)},
    )


def parakeet_folder(folder: Path, script: Sequence[str] = SCRIPT) -> Path:
    """A NeMo conformer with CTC as onnx-asr opens one. It hears whole utterances."""
    folder.mkdir(parents=True, exist_ok=True)
    size = len(script) + 1
    make = helper.make_node
    nodes = [
        make("ReduceMean", ["audio_signal"], ["level"], axes=[1], keepdims=0),  # B T
        make("Greater", ["level", "zero"], ["loud"]),
        make("Cast", ["loud"], ["loud_f"], to=_FLOAT),
        make("CumSum", ["loud_f", "axis"], ["count"]),
        make("Mod", ["count", "per"], ["rest"], fmod=1),
        make("Equal", ["rest", "one"], ["begins"]),
        make("And", ["loud", "begins"], ["speaks"]),
        make("Div", ["count", "per"], ["places"]),
        make("Floor", ["places"], ["index_f"]),
        make("Less", ["index_f", "pieces"], ["left"]),
        make("And", ["speaks", "left"], ["hears"]),
        make("Where", ["hears", "index_f", "pieces"], ["token_f"]),  # the last one is the blank
        make("Cast", ["token_f"], ["tokens"], to=_INT64),
        make("Gather", ["table", "tokens"], ["logprobs"]),
    ]
    table = np.full((size, size), -12.0, np.float32)
    np.fill_diagonal(table, -0.1)
    _save(
        folder / "model.onnx",
        [("audio_signal", _FLOAT, ["B", _MELS, "T"]), ("length", _INT64, ["B"])],
        [("logprobs", _FLOAT, ["B", "T", size])],
        nodes,
        {},
        {
            "zero": np.float32(0),
            "axis": np.int64(1),
            "per": np.float32(_FRAMES_A_PIECE),
            "one": np.float32(1),
            "pieces": np.float32(len(script)),
            "table": table,
        },
    )
    _tokens(folder / "vocab.txt", [*script, "<blk>"])
    config = {"model_type": "nemo-conformer-ctc", "features_size": _MELS, "subsampling_factor": 1}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def moonshine_folder(folder: Path, script: Sequence[str] = SCRIPT) -> Path:
    """A model of Moonshine's tiny kind, for its own library. What its speech detector takes for speech is the script,
    as long as the library lets it write."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ["<unk>", "<s>", "</s>", *script]
    tokens = [piece.encode() for piece in vocabulary]
    (folder / "tokenizer.bin").write_bytes(b"".join(bytes([len(token)]) + token for token in tokens))
    _save_ort(
        folder / "encoder_model.ort",
        [("input_values", _FLOAT, ["B", "T"]), ("attention_mask", _INT64, ["B", "T"])],
        [("last_hidden_state", _FLOAT, ["B", "F", _HIDDEN])],
        [
            helper.make_node("Unsqueeze", ["input_values", "one"], ["sound"]),
            helper.make_node("Conv", ["sound", "mean"], ["levels"], kernel_shape=[_HOP], strides=[_HOP]),
            helper.make_node("Transpose", ["levels"], ["last_hidden_state"], perm=[0, 2, 1]),
        ],
        {"one": [1], "mean": np.full((_HIDDEN, 1, _HOP), 1 / _HOP, np.float32)},
    )
    size = len(vocabulary)
    following = np.zeros((size, size), np.float32)
    for one, other in pairwise([1, *range(3, size), 2]):
        following[one, other] = 10.0
    memory: list[_Tensor] = [
        (f"{layer}.{part}.{kind}", _FLOAT, ["B", 8, "P", 36])
        for layer in range(6)
        for part in ("decoder", "encoder")
        for kind in ("key", "value")
    ]
    _save_ort(
        folder / "decoder_model_merged.ort",
        [
            *[("encoder_attention_mask", _INT64, ["B", "F"]), ("input_ids", _INT64, ["B", "S"])],
            ("encoder_hidden_states", _FLOAT, ["B", "F", _HIDDEN]),
            *((f"past_key_values.{name}", kind, shape) for name, kind, shape in memory),
            ("use_cache_branch", TensorProto.BOOL, [1]),
        ],
        [
            ("logits", _FLOAT, ["B", "S", size]),
            *((f"present.{name}", kind, shape) for name, kind, shape in memory),
        ],
        [
            helper.make_node("Gather", ["following", "input_ids"], ["logits"]),
            *(helper.make_node("Identity", [f"past_key_values.{n}"], [f"present.{n}"]) for n, _, _ in memory),
        ],
        {"following": following},
    )
    return folder


def _save_ort(
    file: Path,
    inputs: Sequence[_Tensor],
    outputs: Sequence[_Tensor],
    nodes: Sequence[Any],
    constants: Mapping[str, Any],
) -> None:
    """As onnxruntime keeps a model for itself."""
    import onnxruntime

    plain = file.with_suffix(".onnx")
    _save(plain, inputs, outputs, nodes, {}, constants)
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    settings.add_session_config_entry("session.save_model_format", "ORT")
    settings.optimized_model_filepath = str(file)
    onnxruntime.InferenceSession(str(plain), settings, providers=["CPUExecutionProvider"])
    plain.unlink()


def _loudness(frames_of: str, *, frames: int, axis: int, per: int, out: str) -> list[Any]:
    """(1, T, mels) to (1, frames / per, 1): 1 and -1 in turn where one of `per` frames has sound, else 0."""
    return [
        helper.make_node("Slice", [frames_of, "first", "frames", "time"], ["heard"]),
        helper.make_node("ReduceMax", ["heard"], ["energy"], axes=[axis], keepdims=0),
        helper.make_node("Reshape", ["energy", "groups"], ["grouped"]),
        helper.make_node("ReduceMax", ["grouped"], ["loudest"], axes=[2], keepdims=1),
        helper.make_node("Greater", ["loudest", "sound"], ["loud"]),
        helper.make_node("Cast", ["loud"], ["level"], to=_FLOAT),
        helper.make_node("Mul", ["level", "turns"], [out]),
    ]


def _slices(frames: int, *, per: int) -> dict[str, Any]:
    count = frames // per
    turns = (1 - 2 * (np.arange(count) % 2)).astype(np.float32).reshape(1, count, 1)
    return {
        **{"first": [0], "frames": [frames], "time": [1], "groups": [1, count, per]},
        **{"sound": np.float32(_SOUND), "turns": turns},
    }


def _next_piece(level: str, last: str, out: str) -> list[Any]:
    """Where there is sound, and it is the turn of the successor of the last piece, that wins, else the blank."""
    return [
        helper.make_node("Mul", [level, "signs"], ["whose"]),
        helper.make_node("Greater", ["whose", "nothing"], ["may"]),
        helper.make_node("Cast", ["may"], ["gate"], to=_FLOAT),
        helper.make_node("MatMul", [last, "successors"], ["wish"]),
        helper.make_node("Mul", ["wish", "gate"], ["piece"]),
        helper.make_node("Add", ["piece", "blank"], [out]),
    ]


def _verdict(size: int, *, blank: int) -> dict[str, Any]:
    quiet = np.zeros(size, np.float32)
    quiet[blank] = 5.0
    signs = (1 - 2 * (np.arange(size) % 2)).astype(np.float32)
    return {"blank": quiet, "signs": signs, "nothing": np.float32(0)}


def _successors(size: int, *, blank: int, first: int) -> Any:
    table = np.zeros((size, size), np.float32)
    order = [blank, *range(first, first + size - 1)]
    for one, other in pairwise(order):
        table[one, other] = 10.0
    return table


def _tokens(file: Path, vocabulary: Sequence[str]) -> None:
    file.write_text("".join(f"{piece} {at}\n" for at, piece in enumerate(vocabulary)), encoding="utf-8")


def _save(
    file: Path,
    inputs: Sequence[_Tensor],
    outputs: Sequence[_Tensor],
    nodes: Sequence[Any],
    metadata: Mapping[str, str],
    constants: Mapping[str, Any],
) -> None:
    graph = helper.make_graph(
        list(nodes),
        "scripted",
        [helper.make_tensor_value_info(*tensor) for tensor in inputs],
        [helper.make_tensor_value_info(*tensor) for tensor in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
    helper.set_model_props(model, dict(metadata))
    onnx.save(model, str(file))
