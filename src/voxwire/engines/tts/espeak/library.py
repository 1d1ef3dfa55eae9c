"""The parts of libespeak-ng that we use, through ctypes (espeak-ng 1.52: `speak_lib.h`).

The library is GPL-3 and comes with `espeakng-loader`. It is loaded in worker processes only, so that
it stays a program of its own beside ours, and because its state is global: two threads crash it.
"""

import ctypes
import re
from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, POINTER, Structure, Union, c_char, c_char_p, c_int, c_short, c_uint, c_void_p
from enum import IntEnum
from typing import Any, Final, NamedTuple

from voxwire.errors import ConfigurationError, EngineError

INSTALL: Final = "espeak-ng is not installed: `pip install 'voxwire[embedded]'`."
_SYNCHRONOUS: Final = 2  # retrieval without SYNCHRONOUS returns before the audio is there
_CHARACTERS: Final = 1
_UTF8: Final = 1
#: Stands between the letters of one sound ("t^ʃ").
TIE: Final = "^"
_TIED_IPA: Final = 0x82 | ord(TIE) << 8
#: Where it reads words of another language, it says of which.
_OTHER_LANGUAGE: Final = re.compile(r"\([^)]*\)")
_CONTINUE, _STOP = 0, 1
_END, _WORD = 0, 1


class VoiceParameter(IntEnum):
    """`espeak_PARAMETER`: words a minute, pitch 0-100, pitch range 0-100, pause between words in 10 ms."""

    RATE = 1
    PITCH = 3
    RANGE = 4
    WORD_GAP = 7


class _EventId(Union):
    _fields_ = (("number", c_int), ("name", c_char_p), ("string", c_char * 8))


class _Event(Structure):
    _fields_ = (
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _EventId),
    )


_Callback = CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


class WordEvent(NamedTuple):
    """A word begins: characters of the text (0-based), milliseconds from the start of the audio."""

    start: int
    length: int
    at_ms: int


#: Gets stretches of samples with the words that begin in them; False stops the synthesis.
SampleSink = Callable[[bytes, list[WordEvent]], bool]
#: Samples a second of all its voices.
RATE: Final = 22_050


class Espeak:
    """espeak-ng with one language. Raises ConfigurationError when it is not installed."""

    def __init__(self, *, chunk_ms: int) -> None:
        try:
            import espeakng_loader
        except ImportError as error:
            raise ConfigurationError(INSTALL) from error
        self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        self._lib.espeak_Initialize.argtypes = (c_int, c_int, c_char_p, c_int)
        self._lib.espeak_Synth.argtypes = (
            *(c_char_p, ctypes.c_size_t, c_uint, c_int, c_uint, c_uint),
            *(POINTER(c_uint), c_void_p),
        )
        self._lib.espeak_TextToPhonemes.argtypes = (POINTER(c_void_p), c_int, c_int)
        self._lib.espeak_TextToPhonemes.restype = c_char_p
        #: Samples a second, or -1 when the data files are missing.
        self.rate: int = self._lib.espeak_Initialize(
            _SYNCHRONOUS, chunk_ms, espeakng_loader.get_data_path().encode(), 0
        )
        if self.rate <= 0:
            raise ConfigurationError("espeak-ng does not find its data files: install `espeakng-loader` again.")
        self._sink: SampleSink | None = None
        self._callback = _Callback(self._on_audio)  # espeak keeps only the pointer
        self._lib.espeak_SetSynthCallback(self._callback)

    def voice(self, name: str) -> None:
        """Choose a voice with its variant, such as `en-us+f3`. Raises EngineError."""
        if self._lib.espeak_SetVoiceByName(name.encode()):
            raise EngineError("tts", "unknown_voice", f"espeak-ng has no voice {name}.")

    def set(self, parameter: VoiceParameter, value: int) -> None:
        self._lib.espeak_SetParameter(int(parameter), value, 0)

    def speak(self, text: str, sink: SampleSink) -> None:
        """Synthesise; returns when all audio went to the sink or the sink refused."""
        data = text.encode()
        self._sink = sink
        try:
            failed = self._lib.espeak_Synth(data, len(data) + 1, 0, _CHARACTERS, 0, _UTF8, None, None)
        finally:
            self._sink = None
        if failed:
            raise EngineError("tts", "engine_failed", f"espeak-ng refused the text (error {failed}).")

    def phonemes(self, text: str) -> str:
        """How the text sounds, in the IPA; the letters of a sound of several are tied by `TIE`. Without punctuation."""
        buffer = ctypes.create_string_buffer(text.encode())
        rest = c_void_p(ctypes.addressof(buffer))
        clauses = []
        while rest.value:
            clauses.append(self._lib.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _TIED_IPA).decode())
        return _OTHER_LANGUAGE.sub("", " ".join(clauses))

    def _on_audio(self, samples: Any, count: int, events: Any) -> int:
        if self._sink is None:
            return _STOP
        words = [
            WordEvent(event.text_position - 1, event.length, event.audio_position)
            for event in _until_end(events)
            if event.type == _WORD
        ]
        pcm = ctypes.string_at(samples, 2 * count) if samples and count > 0 else b""
        if not pcm and not words:
            return _CONTINUE
        return _CONTINUE if self._sink(pcm, words) else _STOP


def _until_end(events: Any) -> Iterator[Any]:
    index = 0
    while events[index].type != _END:
        yield events[index]
        index += 1
