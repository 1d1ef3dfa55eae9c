# ruff: noqa: RUF001 - the look-alike characters are Kokoro's symbols
"""Kokoro beyond the contract: its symbols, voices, files that do not fit, and words to the frame."""

import json
import os
import signal
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from voxwire.engines.tts.espeak.library import Espeak
from voxwire.engines.tts.kokoro.engine import engine as kokoro
from voxwire.engines.tts.kokoro.phonemes import MOST, SYMBOLS, KokoroSymbols
from voxwire.engines.tts.kokoro.voice_styles import kokoro_styles, kokoro_symbols
from voxwire.engines.tts.modelled import ModelledTts
from voxwire.engines.tts.voice_names import API_VOICES
from voxwire.errors import ConfigurationError, EngineDied, EngineError
from voxwire.interfaces.needs_models import NeedsModels
from voxwire.interfaces.tts import TtsAudio, TtsConfig
from voxwire.testing.tiny_onnx import tiny_kokoro

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="module")]

VOICES = ("af_heart", "am_michael", "bm_george")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ModelledTts]:
    folder = tiny_kokoro(tmp_path_factory.mktemp("kokoro"), VOICES)
    voices = {"slow": {"voice": "af_heart", "pace": 0.5}, "nora": "am_michael"}
    made = kokoro({"model": str(folder), "voices": voices, "threads": 1, "size": 1})
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


@pytest.fixture(scope="module")
def symbols() -> KokoroSymbols:
    espeak = Espeak(chunk_ms=100)

    def sounds(text: str, language: str) -> str:
        espeak.voice(language)
        return espeak.phonemes(text)

    return KokoroSymbols(sounds)


class TestSymbols:
    """What espeak-ng hears in a text, as Kokoro writes it."""

    @pytest.mark.parametrize(
        ("text", "language", "read"),
        [
            ("Hello there, the judge chose joy.", "en-us", "həlˈO ðˈɛɹ, ðə ʤˈʌʤ ʧˈOz ʤˈY."),
            ("Wait! Now?", "en-us", "wˈAt! nˈW?"),
            ("water bottle button", "en-us", "wˈɔTəɹ bˈɑTᵊl bˈʌtᵊn"),
            ("her first nurse", "en-us", "hɜɹ fˈɜɹst nˈɜɹs"),
            ("go", "en", "ɡˈQ"),
            ('It is 3.5, "really" (yes).', "en-us", 'ɪT ɪz θɹˈi pYnt fˈIv, "ɹˈiəli" (jˈɛs).'),
            ("muchacho", "es", "muʧˈaʧo"),
            ("...", "en-us", "..."),
            ("  ", "en-us", ""),
        ],
    )
    async def test_read(self, symbols: KokoroSymbols, text: str, language: str, read: str) -> None:
        assert symbols.read(text, language) == read

    @pytest.mark.parametrize("text", ["日本語、です。", "👩‍👩‍👧 \x00 \ud7ff", "مرحبا", "ℵ₀ ∞", "Ünïcödé — “ok”…"])
    async def test_only_symbols_that_the_model_knows(self, symbols: KokoroSymbols, text: str) -> None:
        assert set(symbols.read(text, "en-us")) <= set(SYMBOLS)

    async def test_a_word_alone_has_no_marks(self, symbols: KokoroSymbols) -> None:
        assert symbols.alone("42", "en-us") == "fˈɔɹTitˈu"


async def test_the_model_is_the_catalogues_unless_it_is_named() -> None:
    assert kokoro({}).models == ("kokoro-82m",)


class TestWords:
    async def test_each_is_where_its_sound_is(self, engine: ModelledTts) -> None:
        text = "I have 42 apples, and one of the pears."
        audio = await speak(engine, text)
        words = [word for chunk in audio for word in chunk.words]
        assert [word.text for word in words] == "I have 42 apples and one of the pears".split()
        level = np.abs(samples(audio))
        for word in words:
            middle = (word.start_ms + word.end_ms) / 2
            assert level[int((middle - 25) * 24) : int((middle + 25) * 24)].mean() > 1_000, word
        for before, after in pairwise(words[:3]):
            assert after.start_ms - before.end_ms > 20

    async def test_a_text_of_more_symbols_than_the_model_takes(self, engine: ModelledTts) -> None:
        text = "1234567890" * 9
        assert len(text) * 6 > MOST
        audio = await speak(engine, text)
        assert audio[-1].chars_to == len(text)
        assert len(samples(audio)) > MOST * 600


class TestVoices:
    async def test_the_names_of_the_api_the_models_and_the_own_ones(self, engine: ModelledTts) -> None:
        assert set(engine.capabilities.voices) == {*API_VOICES, *VOICES, "slow", "nora"}
        assert engine.capabilities.voices["marin"] == "af_heart, en-us"
        assert engine.capabilities.voices["bm_george"] == "bm_george, en"

    async def test_styles_differ(self, engine: ModelledTts) -> None:
        one, other = samples(await speak(engine, "Hello.", "af_heart")), samples(await speak(engine, "Hello.", "nora"))
        assert len(one) == len(other)
        assert np.abs(one - other).max() > 1_000

    async def test_a_pace_of_a_half_takes_twice_as_long(self, engine: ModelledTts) -> None:
        natural, slow = await speak(engine, "One two three.", "af_heart"), await speak(engine, "One two three.", "slow")
        assert len(samples(slow)) == pytest.approx(2 * len(samples(natural)), rel=0.15)

    async def test_the_language_of_all_can_be_said(self, tmp_path: Path) -> None:
        made = kokoro({"model": str(tiny_kokoro(tmp_path, ["jf_alpha"])), "language": "en-us", "size": 1})
        await made.start()
        assert set(made.capabilities.voices.values()) == {"jf_alpha, en-us"}
        await made.close()


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"model": 5}, "model of kokoro is a text"),
            ({"voices": ["nora"]}, "voices of kokoro is a table"),
            ({"voices": {"nora": 5}}, "voice nora of kokoro is a name, or a table of voice, language, pace"),
            ({"voices": {"nora": {"tempo": 2}}}, "has no option tempo"),
            ({"voices": {"nora": {"pace": 0}}}, "pace of nora of kokoro is a number from 0.5 to 2"),
            ({"language": 5}, "language of kokoro is a text"),
            ({"threads": True}, "threads of kokoro is a whole number"),
        ],
        ids=str,
    )
    async def test_that_cannot_be(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigurationError, match=message):
            kokoro({"model": "x", **options})

    async def test_a_voice_that_the_model_lacks(self, tmp_path: Path) -> None:
        made = kokoro({"model": str(tiny_kokoro(tmp_path)), "voices": {"nora": "zf_none"}, "size": 1})
        with pytest.raises(ConfigurationError, match=r"nora of kokoro wants zf_none, .* It has: af_heart, am_michael"):
            await made.start()
        await made.close()

    async def test_a_language_that_is_none_fails_the_answer_alone(self, tmp_path: Path) -> None:
        made = kokoro({"model": str(tiny_kokoro(tmp_path)), "language": "klingon-x", "size": 1})
        await made.start()
        with pytest.raises(EngineError, match="no voice klingon-x"):
            await speak(made, "Hello.")
        await made.close()


class TestFiles:
    async def refused(self, model: Path) -> str:
        made = kokoro({"model": str(model), "size": 1})
        assert isinstance(made, NeedsModels)
        assert made.models == (str(model),)
        with pytest.raises(ConfigurationError) as caught:
            await made.start()
        await made.close()
        return str(caught.value)

    async def test_no_model(self, tmp_path: Path) -> None:
        assert "has none" in await self.refused(tmp_path)

    async def test_no_voices(self, tmp_path: Path) -> None:
        (tiny_kokoro(tmp_path) / "voices.npz").unlink()
        assert "needs its voices beside" in await self.refused(tmp_path)

    async def test_voices_that_are_none(self, tmp_path: Path) -> None:
        with (tiny_kokoro(tmp_path) / "voices.npz").open("wb") as file:
            np.savez(file, af_heart=np.zeros(100, np.float32))
        assert "has a voice that is none of Kokoro" in await self.refused(tmp_path)

    async def test_voices_that_are_code(self, tmp_path: Path) -> None:
        with (tiny_kokoro(tmp_path) / "voices.npz").open("wb") as file:
            np.savez(file, af_heart=np.array([{"a": 1}], dtype=object))
        assert "cannot be read" in await self.refused(tmp_path)

    async def test_a_model_of_another_kind(self, tmp_path: Path) -> None:
        from voxwire.testing.tiny_onnx import tiny_piper

        tiny_kokoro(tmp_path)
        tiny_piper(tmp_path, name="model")
        assert "is no model of Kokoro: it takes input, input_lengths, scales" in await self.refused(tmp_path)

    async def test_a_model_that_is_none(self, tmp_path: Path) -> None:
        (tiny_kokoro(tmp_path) / "model.onnx").write_bytes(b"<html>")
        assert "no model that ONNX Runtime can run" in await self.refused(tmp_path)

    async def test_voices_may_be_files_of_their_own(self, tmp_path: Path) -> None:
        (tmp_path / "voices").mkdir()
        np.ones((510, 1, 256), "<f4").tofile(tmp_path / "voices" / "af_sky.bin")
        assert {name: style.shape for name, style in kokoro_styles(tmp_path / "m.onnx").items()} == {
            "af_sky": (510, 256)
        }
        (tmp_path / "voices" / "af_bad.bin").write_bytes(b"123")
        with pytest.raises(ConfigurationError, match=r"af_bad\.bin is no voice of Kokoro"):
            kokoro_styles(tmp_path / "m.onnx")

    @pytest.mark.parametrize(
        ("name", "content", "found"),
        [
            ("vocab.json", {"vocab": {"a": 43}}, {"a": 43}),
            ("tokenizer.json", {"model": {"vocab": {"a": 43}}}, {"a": 43}),
            ("config.json", {"hidden_dim": 512}, None),
            ("config.json", [], None),
        ],
    )
    async def test_symbols_of_its_own(self, tmp_path: Path, name: str, content: Any, found: Any) -> None:
        (tmp_path / name).write_text(json.dumps(content))
        assert kokoro_symbols(tmp_path / "m.onnx") == found

    async def test_symbols_that_are_no_json(self, tmp_path: Path) -> None:
        (tmp_path / "vocab.json").write_text("{")
        with pytest.raises(ConfigurationError, match="is no JSON"):
            kokoro_symbols(tmp_path / "m.onnx")


async def test_kill_9_fails_the_answer_alone(tmp_path: Path) -> None:
    made = kokoro({"model": str(tiny_kokoro(tmp_path)), "size": 1})
    await made.start()
    stream = made.open(TtsConfig(voice="alloy"))
    await stream.feed("A sentence that goes on. " * 20)
    iterator = aiter(stream)
    await anext(iterator)
    os.kill(made.pool.pids[0], signal.SIGKILL)
    with pytest.raises(EngineDied):
        async for _ in iterator:
            pass
    await made.close()
