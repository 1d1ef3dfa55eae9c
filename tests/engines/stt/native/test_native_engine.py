"""What native recognisers do beyond the contract: hints, times, probes, bad input, and processes that die."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from voxwire.engines.registry import load
from voxwire.engines.stt.audio_messages import TimedWord
from voxwire.engines.stt.native.engine import NativeStt, final_of
from voxwire.engines.stt.native.recogniser import HeardSpeech, TokenLogProb
from voxwire.engines.stt.onnx_asr.engine import engine as onnx_asr
from voxwire.engines.stt.sherpa_onnx.engine import engine as sherpa_onnx
from voxwire.errors import ConfigurationError, EngineDied, EngineError
from voxwire.interfaces.needs_models import NeedsModels
from voxwire.interfaces.stt import SttConfig, SttEvent, SttFinal, SttInterim, SttPartial
from voxwire.testing.contract.signals import hum, hush
from voxwire.testing.contract.stt_contract import hear
from voxwire.testing.scripted_ears import SCRIPT_TEXT, nemotron_folder, parakeet_folder, zipformer_folder

pytestmark = pytest.mark.engines

MAKERS = {"sherpa-onnx": (sherpa_onnx, zipformer_folder), "onnx-asr": (onnx_asr, parakeet_folder)}


@pytest_asyncio.fixture(params=MAKERS)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NativeStt]:
    make, folder = MAKERS[request.param]
    made = make({"model": str(folder(tmp_path / "model")), "threads": 1, "languages": ["en"]})
    await made.start()
    yield made
    await made.close()


async def rest(events: AsyncIterator[SttEvent]) -> None:
    async for _ in events:
        pass


async def trouble(make: Any, options: dict[str, Any]) -> str:
    """The sentence with which an engine refuses to be made or to start."""
    with pytest.raises(ConfigurationError) as caught:
        await started(make, options)
    return str(caught.value)


async def started(make: Any, options: dict[str, Any]) -> None:
    made = make({"threads": 1, **options})
    try:
        await made.start()
    finally:
        await made.close()


class TestHearing:
    async def test_words_times_and_probabilities(self, engine: NativeStt) -> None:
        *partials, final = await hear(engine.open(SttConfig()), hush(500) + hum(3000) + hush(300))
        assert isinstance(final, SttFinal)
        assert final.text == SCRIPT_TEXT
        assert [word.text for word in final.words] == SCRIPT_TEXT.split()
        assert 400 < final.words[0].start_ms < 900
        assert final.words[-1].end_ms <= 3800
        assert final.logprobs is not None
        assert all(one.logprob <= 0 for one in final.logprobs)
        assert len(partials) >= 2

    @pytest.mark.parametrize("rate", [8_000, 24_000])
    async def test_other_rates_hear_the_same(self, engine: NativeStt, rate: int) -> None:
        from voxwire.audio.resample import Resampler

        pcm = Resampler(16_000, rate).push(hum(3000))
        final = (await hear(engine.open(SttConfig(rate=rate)), pcm))[-1]
        assert isinstance(final, SttFinal)
        assert final.text == SCRIPT_TEXT

    async def test_a_region_of_a_language_is_that_language(self, engine: NativeStt) -> None:
        await hear(engine.open(SttConfig(language="en-US")), hum(500))
        with pytest.raises(EngineError) as caught:
            engine.open(SttConfig(language="nl"))
        assert caught.value.code == "unsupported_language"

    async def test_speech_goes_on_after_a_probe_as_if_there_had_been_none(self, engine: NativeStt) -> None:
        pcm = hum(2400)
        alone = (await hear(engine.open(SttConfig()), pcm, step=7680))[-1]
        stream = engine.open(SttConfig())
        half = 7680 * 4
        await stream.push(pcm[:half])
        await stream.probe()
        events = await hear(stream, pcm[half:], step=7680)
        interims = [event for event in events if isinstance(event, SttInterim)]
        assert len(interims) == 1
        assert SCRIPT_TEXT.startswith(interims[0].text)
        assert interims[0].text
        assert events[-1] == alone

    async def test_what_cannot_be_placed_in_the_text_is_left_out(self) -> None:
        reading = HeardSpeech(
            "one two", [TimedWord("one", 0, 90), TimedWord("tow", 80, 100), TimedWord(" two", 70, 200)]
        )
        assert [(word.text, word.start, word.start_ms) for word in final_of(reading).words] == [
            ("one", 0, 0),
            ("two", 4, 90),
        ]

    async def test_probabilities_are_of_the_text_or_not_given(self) -> None:
        tokens = [TokenLogProb("▁what", -0.1), TokenLogProb("▁is", -0.2), TokenLogProb("n't", -0.3)]
        likely = final_of(HeardSpeech("what isn't", logprobs=tokens)).logprobs
        assert likely is not None
        assert [one.token for one in likely] == ["what", " is", "n't"]
        assert final_of(HeardSpeech("what is", logprobs=tokens)).logprobs is None

    async def test_many_speakers_at_once(self, engine: NativeStt) -> None:
        finals = await asyncio.gather(*(hear(engine.open(SttConfig()), hum(1500)) for _ in range(12)))
        texts = {events[-1].text for events in finals if isinstance(events[-1], SttFinal)}
        assert len(texts) == 1
        assert engine.hearing()[0] == 0


class TestProcesses:
    async def test_a_dead_worker_fails_its_utterances_and_is_replaced(self, engine: NativeStt) -> None:
        stream = engine.open(SttConfig())
        await stream.push(hum(1500))
        events = aiter(stream)
        assert isinstance(await anext(events), SttPartial)
        os.kill(engine.pids[0], signal.SIGKILL)
        with pytest.raises(EngineDied):
            await rest(events)
        final = (await hear(engine.open(SttConfig()), hum(3000)))[-1]
        assert isinstance(final, SttFinal)
        assert final.text == SCRIPT_TEXT


class TestBadInput:
    async def test_it_says_which_models_it_needs(self) -> None:
        made = sherpa_onnx({"model": "/models/zipformer-en"})
        assert isinstance(made, NeedsModels)
        assert made.models == ("/models/zipformer-en",)
        assert made.capabilities.info.label == "sherpa-onnx with zipformer-en"

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({}, "needs the option model"),
            ({"model": "m", "speed": 2}, "has no option speed; it knows: model, languages"),
            ({"model": "m", "languages": ["English"]}, "has codes of languages"),
            ({"model": "m", "threads": 0}, "greater than 0"),
        ],
    )
    @pytest.mark.parametrize("name", MAKERS)
    async def test_options(self, name: str, options: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigurationError, match=said):
            load("stt", name, options)

    @pytest.mark.parametrize("name", MAKERS)
    async def test_a_path_where_nothing_is(self, name: str) -> None:
        assert "is not there: /nowhere/at/all" in await trouble(MAKERS[name][0], {"model": "/nowhere/at/all"})

    async def test_a_folder_without_a_model(self, tmp_path: Path) -> None:
        assert "has no tokens.txt" in await trouble(sherpa_onnx, {"model": str(tmp_path)})
        assert "config.json" in await trouble(onnx_asr, {"model": str(tmp_path)})
        (tmp_path / "tokens.txt").write_text("<blk> 0\n")
        assert "no streaming model" in await trouble(sherpa_onnx, {"model": str(tmp_path)})

    async def test_a_file_that_is_no_model(self, tmp_path: Path) -> None:
        folder = zipformer_folder(tmp_path / "z")
        encoder = folder / "encoder-epoch-1-avg-1.int8.onnx"
        whole = encoder.read_bytes()
        for damage in (b"", b"version https://git-lfs.github.com/spec/v1\n", whole[:900]):
            encoder.write_bytes(damage)
            assert "cannot be read: no ONNX model" in await trouble(sherpa_onnx, {"model": str(folder)})
        folder = parakeet_folder(tmp_path / "p")
        (folder / "model.onnx").write_bytes(b"no model")
        assert "cannot open the model" in await trouble(onnx_asr, {"model": str(folder)})

    async def test_a_model_that_hears_whole_utterances_is_not_for_sherpa(self, tmp_path: Path) -> None:
        folder = zipformer_folder(tmp_path)
        shutil.copy(folder / "decoder-epoch-1-avg-1.onnx", folder / "encoder-epoch-1-avg-1.int8.onnx")
        assert "does not stream" in await trouble(sherpa_onnx, {"model": str(folder)})

    async def test_a_model_over_which_the_library_ends_its_process(self, tmp_path: Path) -> None:
        folder = nemotron_folder(tmp_path)
        (folder / "tokens.txt").write_text("hello 0\n")
        said = await trouble(sherpa_onnx, {"model": str(folder)})
        assert "cannot be loaded by sherpa-onnx" in said
        assert "exit status" in said

    async def test_what_a_model_cannot_do(self, tmp_path: Path) -> None:
        folder = str(parakeet_folder(tmp_path))
        assert "not supported" in await trouble(onnx_asr, {"model": folder, "kind": "parakeet"})

    async def test_a_library_that_is_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.engines.declared_options.find_spec", lambda _: None)
        with pytest.raises(ConfigurationError, match=r"pip install 'voxwire\[sherpa\]'"):
            load("stt", "sherpa-onnx", {"model": "m"})
        with pytest.raises(ConfigurationError, match=r"pip install 'voxwire\[onnx-asr\]'"):
            load("stt", "onnx-asr", {"model": "m"})
        with pytest.raises(ConfigurationError, match=r"pip install 'voxwire\[moonshine\]'"):
            load("stt", "moonshine", {"model": "m"})
