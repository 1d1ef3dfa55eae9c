"""Piper's voices beyond the contract: words to the sample, voices, speakers, files that do not fit, its processes."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from voxwire.engines.tts.modelled import ModelledTts
from voxwire.engines.tts.piper.engine import engine as piper
from voxwire.engines.tts.voice_names import API_VOICES
from voxwire.errors import ConfigurationError, EngineDied, EngineError
from voxwire.interfaces.needs_models import NeedsModels
from voxwire.interfaces.tts import TtsAudio, TtsConfig
from voxwire.testing.tiny_onnx import tiny_piper

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ModelledTts]:
    folder = tmp_path_factory.mktemp("voices")
    one, many = tiny_piper(folder, name="one", rate=16_000), tiny_piper(folder, name="many", speakers=3)
    voices = {"nora": {"model": str(many), "speaker": "speaker2"}, "slow": {"pace": 0.5}, "odd": str(many)}
    made = piper({"model": str(one), "voices": voices, "threads": 1, "size": 1})
    await made.start()
    yield made
    await made.close()


async def speak(engine: ModelledTts, text: str, voice: str = "alloy") -> list[TtsAudio]:
    stream = engine.open(TtsConfig(voice=voice))
    await stream.feed(text)
    await stream.flush()
    return [audio async for audio in stream]


def samples(audio: list[TtsAudio]) -> Any:
    return np.frombuffer(b"".join(chunk.pcm for chunk in audio), "<i2").astype(float)


async def test_says_which_models_it_needs() -> None:
    made = piper({"voices": {"nora": "piper-nl-nl-nora-medium"}})
    assert isinstance(made, NeedsModels)
    assert made.models == ("piper-en-us-joe-medium", "piper-nl-nl-nora-medium")


class TestWords:
    async def test_each_is_where_its_sound_is(self, engine: ModelledTts) -> None:
        text = "I have 42 apples, and one of the pears."
        audio = await speak(engine, text)
        words = [word for chunk in audio for word in chunk.words]
        assert [word.text for word in words] == "I have 42 apples and one of the pears".split()
        level = np.abs(samples(audio))
        for word in words:
            middle = (word.start_ms + word.end_ms) / 2
            around = level[int((middle - 40) * 24) : int((middle + 40) * 24)]
            assert around.mean() > 1_000, word

    async def test_silence_lies_between_them(self, engine: ModelledTts) -> None:
        audio = await speak(engine, "cats dogs")
        first, second = [word for chunk in audio for word in chunk.words]
        assert second.start_ms - first.end_ms > 20
        between = samples(audio)[int((first.end_ms + 10) * 24) : int((second.start_ms - 10) * 24)]
        assert np.abs(between).max() < 100

    async def test_a_word_that_is_many_is_longer(self, engine: ModelledTts) -> None:
        words = {word.text: word for chunk in await speak(engine, "a 123456 b") for word in chunk.words}
        assert words["123456"].end_ms - words["123456"].start_ms > 10 * (words["b"].end_ms - words["b"].start_ms)

    async def test_what_is_said_otherwise_than_written_is_one_word(self, engine: ModelledTts) -> None:
        text = "It was $5.20 at 10:30, Dr. Smith, on 2026-11-29."
        words = [word for chunk in await speak(engine, text) for word in chunk.words]
        assert [word.text for word in words] == [
            "It",
            "was",
            "$5.20",
            "at",
            "10:30",
            "Dr.",
            "Smith",
            "on",
            "2026-11-29",
        ]
        lengths = {word.text: word.end_ms - word.start_ms for word in words}
        assert lengths["2026-11-29"] > lengths["$5.20"] > lengths["was"]

    async def test_they_are_given_over_several_sentences(self, engine: ModelledTts) -> None:
        text = "Yes. No. " * 10
        words = [word for chunk in await speak(engine, text) for word in chunk.words]
        assert [word.text for word in words] == ["Yes", "No"] * 10


class TestVoices:
    async def test_the_names_of_the_api_and_the_own_ones(self, engine: ModelledTts) -> None:
        assert set(engine.capabilities.voices) == {*API_VOICES, "nora", "slow", "odd"}
        assert engine.capabilities.voices["nora"] == "many.onnx, speaker speaker2"

    async def test_speakers_differ(self, engine: ModelledTts) -> None:
        nora, odd = samples(await speak(engine, "Hello.", "nora")), samples(await speak(engine, "Hello.", "odd"))
        assert len(nora) == len(odd)
        assert np.abs(nora - odd).max() > 1_000

    async def test_a_pace_of_a_half_takes_twice_as_long(self, engine: ModelledTts) -> None:
        natural, slow = await speak(engine, "One two three."), await speak(engine, "One two three.", "slow")
        assert len(samples(slow)) == pytest.approx(2 * len(samples(natural)), rel=0.15)

    async def test_speakers_of_the_default_model_take_turns(self, tmp_path: Path) -> None:
        made = piper({"model": str(tiny_piper(tmp_path, speakers=3)), "threads": 1, "size": 1})
        await made.start()
        try:
            described = set(made.capabilities.voices.values())
            assert described == {f"tiny.onnx, speaker speaker{number}" for number in range(3)}
            assert await speak(made, "Hello.", "marin")
        finally:
            await made.close()


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"voices": ["nora"]}, "voices of piper is a table"),
            ({"voices": {"nora": 5}}, "voice nora of piper is a model, or a table of model, speaker, pace"),
            ({"voices": {"nora": {"tempo": 2}}}, "has no option tempo"),
            ({"voices": {"nora": {"pace": 5}}}, "pace of nora of piper is a number from 0.5 to 2"),
            ({"voices": {"nora": {"speaker": 1.5}}}, "speaker of nora of piper is a name or a number"),
            ({"model": 5}, "model of piper is a text"),
            ({"threads": 0}, "threads of piper is a whole number, at least 1"),
            ({"size": 0}, "size of piper is a number of processes"),
            ({"voice": "x"}, "piper has no option voice"),
        ],
        ids=str,
    )
    async def test_that_cannot_be(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigurationError, match=message):
            piper(options)

    async def test_a_speaker_that_is_not_there(self, tmp_path: Path) -> None:
        voices = {"nora": {"speaker": "nobody"}}
        made = piper({"model": str(tiny_piper(tmp_path, speakers=2)), "voices": voices, "size": 1})
        with pytest.raises(
            ConfigurationError, match=r"nora of piper wants the speaker nobody .* it has speaker0, speak"
        ):
            await made.start()
        await made.close()


class TestFiles:
    """What does not fit is refused at the start, in one sentence."""

    async def refused(self, model: Path | str) -> str:
        made = piper({"model": str(model), "size": 1})
        with pytest.raises(ConfigurationError) as caught:
            await made.start()
        await made.close()
        return str(caught.value)

    async def test_a_model_of_the_catalogue_that_was_not_pulled(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VOXWIRE_MODELS", str(tmp_path))
        assert "voxwire models pull piper-en-us-joe-medium" in await self.refused("piper-en-us-joe-medium")

    async def test_a_folder_with_one_model_is_as_good_as_the_file(self, tmp_path: Path) -> None:
        tiny_piper(tmp_path)
        made = piper({"model": str(tmp_path), "size": 1})
        await made.start()
        await made.close()

    async def test_a_path_where_nothing_is(self, tmp_path: Path) -> None:
        assert "is not there" in await self.refused(tmp_path / "none.onnx")

    async def test_a_folder_without_a_model(self, tmp_path: Path) -> None:
        assert "has none" in await self.refused(tmp_path)

    async def test_a_folder_with_two(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            tiny_piper(tmp_path, name=name)
        assert "has 2 of them: name one" in await self.refused(tmp_path)

    async def test_a_model_without_its_description(self, tmp_path: Path) -> None:
        model = tiny_piper(tmp_path)
        model.with_name("tiny.onnx.json").unlink()
        assert "needs its description beside it: tiny.onnx.json" in await self.refused(model)

    @pytest.mark.parametrize("content", ["", "{}", "no JSON", json.dumps({"audio": 5, "espeak": 3})], ids=str)
    async def test_a_description_that_is_none(self, content: str, tmp_path: Path) -> None:
        model = tiny_piper(tmp_path)
        model.with_name("tiny.onnx.json").write_text(content)
        assert "does not describe a voice of Piper" in await self.refused(model)

    @pytest.mark.parametrize(
        ("kind", "message"), [("pinyin", "needs g2pW/g2pw.onnx beside it"), ("thai", "needs the package tltk")]
    )
    async def test_a_language_that_needs_more(self, kind: str, message: str, tmp_path: Path) -> None:
        """Nothing is fetched for it."""
        model = tiny_piper(tmp_path)
        description = model.with_name("tiny.onnx.json")
        description.write_text(json.dumps(json.loads(description.read_text()) | {"phoneme_type": kind}))
        assert message in await self.refused(model)

    @pytest.mark.parametrize("content", [b"", b"<html>404</html>", bytes(1000), b"\xff" * 100], ids=len)
    async def test_a_file_that_is_no_model(self, content: bytes, tmp_path: Path) -> None:
        model = tiny_piper(tmp_path)
        model.write_bytes(content)
        assert "is no model that ONNX Runtime can run" in await self.refused(model)

    async def test_half_a_model(self, tmp_path: Path) -> None:
        model = tiny_piper(tmp_path)
        model.write_bytes(model.read_bytes()[:700])
        assert "is no model that ONNX Runtime can run" in await self.refused(model)


class TestProcesses:
    async def test_kill_9_fails_the_answer_and_the_next_one_works(self, engine: ModelledTts) -> None:
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed("A sentence that goes on. " * 20)
        iterator = aiter(stream)
        await anext(iterator)
        (victim,) = engine.pool.pids
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(EngineDied):
            async for _ in iterator:
                pass
        while victim in engine.pool.pids or not engine.pool.pids:  # noqa: ASYNC110 - a new one comes by itself
            await asyncio.sleep(0.01)
        assert await speak(engine, "Here I am again.")

    async def test_cancel_stops_a_model_that_runs(self, tmp_path: Path) -> None:
        made = piper({"model": str(tiny_piper(tmp_path, work=80)), "threads": 1, "size": 1})
        await made.start()
        began = time.monotonic()
        await speak(made, "Yes.")
        whole_s = time.monotonic() - began
        stream = made.open(TtsConfig(voice="alloy"))
        await stream.feed("No.")
        await stream.flush()
        reading = asyncio.ensure_future(anext(aiter(stream), None))
        await asyncio.sleep(whole_s / 10)
        began = time.monotonic()
        await stream.cancel()
        lease = await made.pool.lease(10)
        assert time.monotonic() - began < whole_s / 2
        lease.cancel()
        assert await reading is None
        await made.close()

    async def test_nothing_of_the_text_reaches_the_log(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        made = piper({"model": str(tiny_piper(tmp_path)), "size": 1})
        await made.start()
        await speak(made, "My password is žluťoučký 日本語 ℵ₀ swordfish.")
        await made.close()
        assert "swordfish" not in caplog.text + "".join(capfd.readouterr())
        assert "Missing phoneme" not in caplog.text

    async def test_after_the_end_every_answer_fails(self, tmp_path: Path) -> None:
        made = piper({"model": str(tiny_piper(tmp_path)), "size": 1})
        await made.start()
        await made.close()
        with pytest.raises(EngineError):
            await speak(made, "Hello.")
