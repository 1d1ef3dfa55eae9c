"""`ptts` in a worker process."""

from pathlib import Path
from typing import Any, Final

import msgspec

from voxwire.engines.tts.messages import Speak
from voxwire.engines.tts.onnx.clause_audio import SENT_RATE, StreamedClause
from voxwire.engines.tts.reading.read_out import read_out
from voxwire.engines.worker.child import Outlet
from voxwire.errors import ConfigurationError

_READY: Final = "Ready."


class PttsInfo(msgspec.Struct, frozen=True):
    """What the worker says when it is warm."""

    rate: int
    voices: list[str]


class PttsService:
    """The checkpoint of its options (`{"models": {reference: path}, "threads": 1, "language": "en", "quant": ""}`),
    which has said a word."""

    requests = msgspec.msgpack.Decoder(Speak)

    def __init__(self, options: dict[str, Any]) -> None:
        import ptts

        (path,) = options["models"].values()
        folder = Path(path)
        if not (folder / "config.json").is_file():
            raise ConfigurationError(
                f"A model of ptts is a folder with config.json, tokenizer.json and weights: {path}."
            )
        ptts.set_num_threads(options["threads"])
        self._language = options["language"]
        try:
            self._tts = ptts.TTS(str(folder), lang=self._language, quant=options["quant"] or None)
            self.voices = list(self._tts.voices)
            for _ in self._tts.stream(_READY):
                pass
        except Exception as error:  # its errors have no base of their own
            raise ConfigurationError(f"ptts cannot load the model in {path}.") from error
        if not self.voices:
            raise ConfigurationError(f"The model in {path} has no voice: ptts looks for them in voices or embeddings.")

    def describe(self) -> PttsInfo:
        return PttsInfo(SENT_RATE, self.voices)

    def open(self, outlet: Outlet) -> "PttsTask":
        return PttsTask(self, outlet)

    def speak(self, request: Speak, outlet: Outlet) -> None:
        """Say a clause, frame by frame; stops when nobody listens any more."""
        text = read_out(request.text, self._language).text
        if not text:
            return
        clause = StreamedClause(outlet, request.text, int(self._tts.sample_rate))
        with self._tts.stream(text, voice=request.settings["voice"]) as frames:
            for samples in frames:
                if not clause.feed(samples):
                    return
        clause.finish()


class PttsTask:
    """Speaks one clause."""

    def __init__(self, service: PttsService, outlet: Outlet) -> None:
        self._service = service
        self._outlet = outlet

    def receive(self, request: Speak) -> None:
        self._service.speak(request, self._outlet)
        self._outlet.end()

    def close(self) -> None:
        pass
