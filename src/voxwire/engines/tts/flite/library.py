"""The parts of libflite that we use, through ctypes (flite 2.x: `flite.h`, `cst_audio.h`, `cst_item.h`).

Only for worker processes: flite ends the process on some errors, and keeps its streaming hook in the
voice, so that one voice speaks one thing at a time.
"""

import ctypes
from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_float, c_int, c_short, c_void_p
from typing import Any, Final, NamedTuple

from voxwire.engines.worker.shared_library import load_library
from voxwire.errors import ConfigurationError

INSTALL: Final = (
    "flite is not installed: on Debian or Ubuntu, `apt-get install libflite1`; on macOS, `brew install flite`."
)
_CONTINUE, _STOP = 0, -1


class _Wave(Structure):
    _fields_ = (
        ("type", c_char_p),
        ("sample_rate", c_int),
        ("num_samples", c_int),
        ("num_channels", c_int),
        ("samples", POINTER(c_short)),
    )


class _StreamingInfo(Structure):
    pass


_Callback = CFUNCTYPE(c_int, POINTER(_Wave), c_int, c_int, c_int, POINTER(_StreamingInfo))
_StreamingInfo._fields_ = (
    ("min_buffsize", c_int),
    ("asc", _Callback),
    ("utt", c_void_p),
    ("item", c_void_p),
    ("userdata", c_void_p),
)


class _Voice(Structure):
    _fields_ = (("name", c_char_p), ("features", c_void_p))


class SpokenToken(NamedTuple):
    """A token of the text as flite read it, and its seconds in the audio."""

    text: str
    start_s: float
    end_s: float


#: Gets a stretch of samples and whether it is the last, and with the first one all tokens; False stops
#: the synthesis.
SampleSink = Callable[[list[SpokenToken], bytes, bool], bool]
#: Samples a second of all voices that we use.
RATE: Final = 16_000


def load_flite(name: str) -> ctypes.CDLL:
    """`libflite_NAME` (`libflite` for ""). Raises OSError."""
    return load_library(f"flite_{name}" if name else "flite", major=1)


class Flite:
    """flite with some of its voices. Raises ConfigurationError when it is not installed."""

    def __init__(self, voices: tuple[str, ...], *, chunk_samples: int) -> None:
        try:
            # Voices leave these symbols to the program that loaded them.
            self._lib = load_flite("")
            self._languages = [load_flite("usenglish"), load_flite("cmulex")]
            registrars = {name: getattr(load_flite(f"cmu_us_{name}"), f"register_cmu_us_{name}") for name in voices}
        except OSError as error:
            raise ConfigurationError(INSTALL) from error
        _declare(self._lib)
        self._lib.flite_init()
        self._sink: SampleSink | None = None
        # flite keeps pointers to the callback and to feature names, so both live as long as this object.
        self._callback = _Callback(self._on_audio)
        self._voices = {name: self._register(registrar, chunk_samples) for name, registrar in registrars.items()}

    def _register(self, registrar: Any, chunk_samples: int) -> Any:
        registrar.restype = POINTER(_Voice)
        registrar.argtypes = (c_char_p,)
        voice = registrar(None)
        info = self._lib.new_audio_streaming_info()
        info.contents.min_buffsize = chunk_samples
        info.contents.asc = self._callback
        hook = self._lib.audio_streaming_info_val(info)
        self._lib.flite_feat_set(voice.contents.features, b"streaming_info", hook)
        return voice

    def speak(
        self, voice: str, text: str, *, stretch: float = 1.0, pitch: float | None = None, sink: SampleSink
    ) -> None:
        """Synthesise ASCII text with durations times `stretch` and a mean pitch in Hz (None: the voice's own).

        The voice rms has a pitch model that ignores the mean.
        """
        features = self._voices[voice].contents.features
        self._lib.flite_feat_set_float(features, _STRETCH, stretch)
        if pitch is None:
            self._lib.flite_feat_remove(features, _PITCH)
        else:
            self._lib.flite_feat_set_float(features, _PITCH, pitch)
        self._sink = sink
        try:
            utterance = self._lib.flite_synth_text(text.encode("ascii"), self._voices[voice])
        finally:
            self._sink = None
        if utterance:
            self._lib.delete_utterance(utterance)

    def _on_audio(self, wave: Any, start: int, size: int, last: int, info: Any) -> int:
        sink = self._sink
        if sink is None:
            return _STOP
        tokens = list(self._tokens(info.contents.utt)) if start == 0 else []
        address = ctypes.addressof(wave.contents.samples.contents) + 2 * start
        wanted = sink(tokens, ctypes.string_at(address, 2 * size), bool(last))
        return _CONTINUE if wanted else _STOP

    def _tokens(self, utterance: int) -> Iterator[SpokenToken]:
        """The words in order, those of one token ("42" is "forty two") joined."""
        lib = self._lib
        relation = lib.utt_relation(utterance, b"Word")
        item = lib.relation_head(relation) if relation else None
        joined: tuple[int, SpokenToken] | None = None
        while item:
            position = lib.flite_ffeature_int(item, b"R:Token.parent.file_pos")
            text = lib.flite_ffeature_string(item, b"R:Token.parent.name").decode(errors="replace")
            start = lib.flite_ffeature_float(item, b"R:SylStructure.daughter1.daughter1.R:Segment.p.end")
            end = lib.flite_ffeature_float(item, b"R:SylStructure.daughtern.daughtern.R:Segment.end")
            if end > start:  # punctuation has no segments
                if joined and joined[0] == position:
                    joined = position, SpokenToken(text, joined[1].start_s, end)
                else:
                    if joined:
                        yield joined[1]
                    joined = position, SpokenToken(text, start, end)
            item = lib.item_next(item)
        if joined:
            yield joined[1]


_STRETCH: Final = b"duration_stretch"
_PITCH: Final = b"int_f0_target_mean"


def _declare(lib: ctypes.CDLL) -> None:
    """Argument and result types; ctypes would cut pointers to 32 bits."""
    signatures: dict[str, tuple[Any, ...]] = {
        "new_audio_streaming_info": (POINTER(_StreamingInfo),),
        "audio_streaming_info_val": (c_void_p, POINTER(_StreamingInfo)),
        "flite_feat_set": (None, c_void_p, c_char_p, c_void_p),
        "flite_feat_set_float": (None, c_void_p, c_char_p, c_float),
        "flite_feat_remove": (c_int, c_void_p, c_char_p),
        "flite_synth_text": (c_void_p, c_char_p, POINTER(_Voice)),
        "delete_utterance": (None, c_void_p),
        "utt_relation": (c_void_p, c_void_p, c_char_p),
        "relation_head": (c_void_p, c_void_p),
        "item_next": (c_void_p, c_void_p),
        "flite_ffeature_string": (c_char_p, c_void_p, c_char_p),
        "flite_ffeature_float": (c_float, c_void_p, c_char_p),
        "flite_ffeature_int": (c_int, c_void_p, c_char_p),
    }
    for name, (result, *arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
