"""Moonshine's smallest English model, with its maker's library: the contract, what it hears, and bad input."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from voxwire.engines.stt.moonshine.engine import engine as moonshine
from voxwire.engines.stt.native.engine import NativeStt
from voxwire.errors import ConfigurationError
from voxwire.interfaces.stt import SttConfig, SttFinal, SttInterim, SttPartial
from voxwire.testing.contract import SttContract
from voxwire.testing.contract.signals import hush, noise
from voxwire.testing.contract.stt_contract import hear

sys.path.insert(0, str(Path(__file__).parents[1] / "engines" / "contract"))
from contract_audio import speech

NAME = "moonshine-tiny-en"


class TestMoonshine(SttContract):
    @staticmethod
    def make_engine() -> NativeStt:
        return moonshine({"model": NAME})

    @staticmethod
    def make_speech() -> bytes:
        return speech("what_is_twelve_times_seven")

    @pytest.mark.parametrize(
        ("clip", "said"),
        [
            ("what_time_is_it", "What time is it?"),
            ("what_is_twelve_times_seven", "What is twelve times seven?"),
        ],
    )
    async def test_what_it_hears(self, engine: NativeStt, clip: str, said: str) -> None:
        *partials, final = await hear(engine.open(SttConfig(language="en")), speech(clip))
        assert isinstance(final, SttFinal)
        assert final.text == said
        assert partials
        assert all(isinstance(partial, SttPartial) for partial in partials)

    async def test_its_lines_are_one_text(self, engine: NativeStt) -> None:
        pcm = speech("what_time_is_it") + hush(1500) + speech("what_is_twelve_times_seven") + hush(800)
        final = (await hear(engine.open(SttConfig()), pcm))[-1]
        assert isinstance(final, SttFinal)
        assert final.text == "What time is it? What is twelve times seven?"

    async def test_a_probe_says_all_that_was_said(self, engine: NativeStt) -> None:
        stream = engine.open(SttConfig())
        await stream.push(speech("what_time_is_it"))
        await stream.probe()
        interim, final = [e for e in await hear(stream, b"") if not isinstance(e, SttPartial)]
        assert isinstance(interim, SttInterim)
        assert isinstance(final, SttFinal)
        assert interim.text == final.text == "What time is it?"

    async def test_noise_has_no_words(self, engine: NativeStt) -> None:
        assert (await self.heard(engine, noise(3000))).text == ""


async def test_a_model_of_another_kind(model: Callable[[str], Path]) -> None:
    engine = moonshine({"model": str(model(NAME)), "architecture": "small-streaming"})
    with pytest.raises(ConfigurationError, match=r"cannot open the model .* as small-streaming"):
        await engine.start()
    await engine.close()


async def test_a_folder_that_does_not_say_its_kind(model: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "ears").symlink_to(model(NAME))
    engine = moonshine({"model": str(tmp_path / "ears")})
    with pytest.raises(ConfigurationError, match="set the option architecture"):
        await engine.start()
    await engine.close()
