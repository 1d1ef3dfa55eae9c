"""sherpa-onnx and ptts beyond the contract: folders, voices, silence around speech, and what does not fit."""

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxwire.engines.tts.modelled import ModelledTts
from voxwire.engines.tts.onnx.model_file import metadata, nodes, with_output
from voxwire.engines.tts.ptts.engine import engine as ptts
from voxwire.engines.tts.sherpa_onnx.engine import engine as sherpa
from voxwire.engines.tts.voice_names import API_VOICES
from voxwire.errors import ConfigurationError
from voxwire.interfaces.tts import TtsAudio, TtsConfig
from voxwire.testing.tiny_onnx import tiny_piper, tiny_sherpa

pytestmark = pytest.mark.engines

IMITATIONS = Path(__file__).parent / "imitations"


async def speak(engine: ModelledTts, text: str, voice: str = "alloy") -> list[TtsAudio]:
    stream = engine.open(TtsConfig(voice=voice))
    await stream.feed(text)
    await stream.flush()
    return [audio async for audio in stream]


def samples(audio: list[TtsAudio]) -> Any:
    return np.frombuffer(b"".join(chunk.pcm for chunk in audio), "<i2").astype(int)


async def refused(engine: ModelledTts) -> str:
    with pytest.raises(ConfigurationError) as caught:
        await engine.start()
    await engine.close()
    return str(caught.value)


@pytest.fixture
def imitated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint for the imitation of ptts, which workers find first."""
    monkeypatch.setenv("PYTHONPATH", str(IMITATIONS))
    (tmp_path / "config.json").write_text(json.dumps({"voices": ["lucie", "alloy"]}))
    return tmp_path


class TestSherpa:
    @pytest.mark.parametrize("lexicon", [False, True], ids=["by sounds", "by a lexicon"])
    async def test_speaks(self, tmp_path: Path, lexicon: bool) -> None:
        engine = sherpa({"model": str(tiny_sherpa(tmp_path, lexicon=lexicon)), "size": 1})
        await engine.start()
        audio = await speak(engine, "hello there")
        assert 0.3 < len(samples(audio)) / 24_000 < 3
        assert np.abs(samples(audio)).max() > 3_000
        assert audio[-1].chars_to == 11
        assert set(engine.capabilities.voices) == set(API_VOICES)
        await engine.close()

    async def test_nothing_of_the_text_reaches_the_log(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        engine = sherpa({"model": str(tiny_sherpa(tmp_path, lexicon=True)), "size": 1})
        await engine.start()
        await speak(engine, "hello swordfish ℵ")
        await engine.close()
        assert "swordfish" not in caplog.text + "".join(capfd.readouterr())

    async def test_folders_that_are_none(self, tmp_path: Path) -> None:
        model = {"model": str(tmp_path), "size": 1}
        assert "has no model" in await refused(sherpa(model))
        tiny_sherpa(tmp_path)
        assert "is a folder" in await refused(sherpa({"model": str(tmp_path / "model.onnx"), "size": 1}))
        (tmp_path / "tokens.txt").unlink()
        assert "lacks tokens.txt" in await refused(sherpa(model))
        (tmp_path / "model.onnx").write_bytes(b"<html>")
        assert "is no model" in await refused(sherpa(model))
        tiny_piper(tmp_path, name="second")
        assert "has 2 models" in await refused(sherpa(model))

    async def test_pocket_needs_all_its_parts_and_a_voice(self, tmp_path: Path) -> None:
        for name in ("lm_main", "lm_flow", "encoder", "decoder"):
            (tmp_path / f"{name}.int8.onnx").write_bytes(b"x")
        options = {"model": str(tmp_path), "size": 1}
        assert "lacks text_conditioner" in await refused(sherpa(options))
        (tmp_path / "text_conditioner.onnx").write_bytes(b"x")
        assert "lacks vocab.json" in await refused(sherpa(options))
        for name in ("vocab.json", "token_scores.json"):
            (tmp_path / name).write_text("{}")
        assert "needs reference: a WAV file" in await refused(sherpa(options))
        (tmp_path / "voice.wav").write_bytes(b"no")
        assert "is no WAV file" in await refused(sherpa(options | {"reference": str(tmp_path / "voice.wav")}))
        with wave.open(str(tmp_path / "voice.wav"), "wb") as clip:
            clip.setparams((2, 2, 24_000, 0, "NONE", ""))
            clip.writeframes(bytes(8))
        assert "is not PCM16 mono" in await refused(sherpa(options | {"reference": str(tmp_path / "voice.wav")}))

    async def test_a_speaker_that_is_not_there(self, tmp_path: Path) -> None:
        engine = sherpa({"model": str(tiny_sherpa(tmp_path)), "voices": {"nora": 1}, "size": 1})
        assert "nora of sherpa-onnx wants speaker 1; the model has 1" in await refused(engine)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "sherpa-onnx needs model"),
            ({"model": "x", "voices": {"nora": "1"}}, "each with a speaker's number"),
            ({"model": "x", "voices": ["nora"]}, "voices of sherpa-onnx is a table"),
            ({"model": "x", "speed": 1}, "has no option speed"),
        ],
    )
    def test_options_that_cannot_be(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigurationError, match=message):
            sherpa(options)


class TestPtts:
    async def test_streams_without_the_silence_around(self, imitated: Path) -> None:
        engine = ptts({"model": str(imitated), "size": 1})
        await engine.start()
        text = "Hello there, you."
        audio = await speak(engine, text)
        assert len(samples(audio)) / 24_000 == pytest.approx(len(text) * 0.06 + 0.28, abs=0.05)
        assert np.abs(samples(audio)[:1_500]).max() > 3_000
        ends = [chunk.chars_to for chunk in audio]
        assert ends == sorted(ends)
        assert ends[0] < 5
        assert ends[-1] == len(text)
        await engine.close()

    async def test_voices(self, imitated: Path) -> None:
        engine = ptts({"model": str(imitated), "voices": {"nora": "lucie"}, "size": 1})
        await engine.start()
        assert set(engine.capabilities.voices) == {*API_VOICES, "lucie", "nora"}
        assert engine.capabilities.voices["alloy"] == "alloy"
        one, other = samples(await speak(engine, "Hello.", "nora")), samples(await speak(engine, "Hello.", "alloy"))
        assert np.abs(one[:5_000] - other[:5_000]).max() > 1_000
        await engine.close()

    async def test_a_voice_that_is_not_there(self, imitated: Path) -> None:
        engine = ptts({"model": str(imitated), "voices": {"nora": "none"}, "size": 1})
        assert "nora of ptts wants none, which the model does not have. It has: lucie, alloy." in await refused(engine)

    async def test_a_model_that_the_imitation_cannot_load(self, imitated: Path) -> None:
        assert "ptts cannot load the model" in await refused(ptts({"model": str(imitated), "quant": "broken"}))

    async def test_the_real_runtime_fetches_nothing_and_refuses_what_is_no_model(self, tmp_path: Path) -> None:
        engine = {"model": str(tmp_path), "size": 1}
        assert "is a folder with config.json" in await refused(ptts(engine))
        (tmp_path / "config.json").write_text("{}")
        assert "ptts cannot load the model" in await refused(ptts(engine))

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "ptts needs model"),
            ({"model": "x", "language": "xx"}, "language of ptts is one of en, fr"),
            ({"model": "x", "voices": {"nora": 1}}, "voices of ptts is a table"),
            ({"model": "x", "speed": 1}, "has no option speed"),
        ],
    )
    def test_options_that_cannot_be(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigurationError, match=message):
            ptts(options)


class TestModelFile:
    def test_an_output_is_added(self, tmp_path: Path) -> None:
        import onnxruntime

        content = tiny_sherpa(tmp_path).joinpath("model.onnx").read_bytes()
        (tensor,) = (node.outputs[0] for node in nodes(content) if node.operation == "Ceil")
        session = onnxruntime.InferenceSession(with_output(content, tensor), providers=["CPUExecutionProvider"])
        assert [output.name for output in session.get_outputs()] == ["output", tensor]

    def test_what_it_says_of_itself(self, tmp_path: Path) -> None:
        content = tiny_sherpa(tmp_path).joinpath("model.onnx").read_bytes()
        assert metadata(content)["sample_rate"] == "22050"

    @pytest.mark.parametrize(
        "content", [b"", b"<html>", b"\xff" * 50, bytes(50), b"\x3a\xff\xff\xff\xff\x0f1"], ids=repr
    )
    def test_what_is_no_model_has_nothing(self, content: bytes) -> None:
        assert nodes(content) == []
        assert metadata(content) == {}
