"""Moonshine with its real library and a tiny model: lines become one text, and bad folders get a sentence.

What it hears with true weights is in `tests/true_weights/test_moonshine.py`.
"""

from pathlib import Path

import pytest
from contract_audio import speech

from voxwire.engines.stt.moonshine.engine import engine as moonshine
from voxwire.errors import ConfigurationError
from voxwire.interfaces.stt import SttConfig, SttFinal, SttPartial
from voxwire.testing.contract.signals import hush
from voxwire.testing.contract.stt_contract import hear
from voxwire.testing.scripted_ears import moonshine_folder

pytestmark = pytest.mark.engines


async def sentence(folder: Path, **options: str) -> str:
    made = moonshine({"model": str(folder), **options})
    try:
        with pytest.raises(ConfigurationError) as caught:
            await made.start()
        return str(caught.value)
    finally:
        await made.close()


async def test_lines_of_one_turn_are_one_text(tmp_path: Path) -> None:
    made = moonshine({"model": str(moonshine_folder(tmp_path / "tiny-en", ["\u2581one", "\u2581two"]))})
    await made.start()
    clip = speech("what_time_is_it")
    pcm = clip + hush(1500) + clip + hush(500)
    *partials, final = await hear(made.open(SttConfig()), pcm)
    await made.close()
    assert isinstance(final, SttFinal)
    assert final.text == "one two one two"
    assert next(partial.text for partial in partials if isinstance(partial, SttPartial)) in ("one", "one two")


async def test_a_folder_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "tiny-en").mkdir()
    assert "it has no tokenizer.bin" in await sentence(tmp_path / "tiny-en")


async def test_a_folder_that_does_not_say_its_kind(tmp_path: Path) -> None:
    (tmp_path / "ears").mkdir()
    assert "set the option architecture" in await sentence(tmp_path / "ears")


@pytest.mark.parametrize("architecture", ["tiny", "base", "small-streaming"])
async def test_files_that_are_no_models(tmp_path: Path, architecture: str) -> None:
    for name in ("tokenizer.bin", "encoder_model.ort", "decoder_model_merged.ort"):
        (tmp_path / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    said = await sentence(tmp_path, architecture=architecture)
    assert f"as {architecture}" in said


def test_an_architecture_that_there_is_not() -> None:
    with pytest.raises(ConfigurationError, match="option architecture of moonshine"):
        moonshine({"architecture": "huge"})


def test_what_it_is_without_options() -> None:
    made = moonshine({})
    assert made.models == ("moonshine-tiny-en",)
    assert made.capabilities.languages == ("en",)
