"""The engine over worker processes, with a tiny model that says a script."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from voxwire.engines.stt.whisper.engine import WhisperStt, engine
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import Claim
from voxwire.interfaces.needs_models import NeedsModels
from voxwire.interfaces.stt import SttConfig, SttEvent, SttFinal, SttInterim, SttPartial
from voxwire.testing.contract.signals import hum, hush
from voxwire.testing.contract.stt_contract import hear
from voxwire.testing.tiny_whisper import SPOKEN_SCRIPT, tiny_whisper

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_whisper(tmp_path_factory.mktemp("models") / "tiny.en")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stt(folder: Path) -> AsyncIterator[WhisperStt]:
    made = engine({"model": str(folder), "threads": 1})
    await made.start()
    yield made
    await made.close()


def final_in(events: list[SttEvent]) -> SttFinal:
    assert isinstance(events[-1], SttFinal)
    return events[-1]


async def test_says_the_words_with_their_times_and_chances(stt: WhisperStt) -> None:
    final = final_in(await hear(stt.open(SttConfig(word_times=True)), hush(200) + hum(1_000)))
    assert final.text == SPOKEN_SCRIPT.strip()[: len(final.text)]
    assert "café" in final.text
    assert [word.text for word in final.words] == final.text.split()
    assert final.logprobs is not None
    assert "".join(likely.token for likely in final.logprobs) == final.text
    assert final.words[0].start_ms >= 200


async def test_details_cost_nothing_where_nobody_wants_them(stt: WhisperStt) -> None:
    final = final_in(await hear(stt.open(SttConfig()), hum(1_000)))
    assert (final.words, final.logprobs) == ((), None)


async def test_partials_grow_while_somebody_speaks(stt: WhisperStt) -> None:
    stream = stt.open(SttConfig())
    events = aiter(stream)
    partials = []
    for _ in range(3):
        await stream.push(hum(600))
        partials.append(await anext(events))
    assert all(isinstance(partial, SttPartial) for partial in partials)
    stable = [partial.text[: partial.stable] for partial in partials if isinstance(partial, SttPartial)]
    assert stable[0] == ""
    assert len(stable[0]) < len(stable[1]) < len(stable[2])
    await stream.commit()
    final = final_in([event async for event in events])
    assert final.text.startswith(stable[-1])


async def test_no_partials_where_none_are_wanted(folder: Path) -> None:
    made = engine({"model": str(folder), "threads": 1, "partial_ms": 0})
    await made.start()
    try:
        assert len(await hear(made.open(SttConfig()), hum(2_000))) == 1
    finally:
        await made.close()


async def test_the_final_after_a_probe_and_silence_needs_no_reading(stt: WhisperStt) -> None:
    """Proven with no worker that could do one."""
    stream = stt.open(SttConfig())
    await stream.push(hush(300) + hum(1_000) + hush(160))
    await stream.probe()
    events = aiter(stream)
    while not isinstance(event := await anext(events), SttInterim):
        pass
    assert stt.readers is not None
    (worker,) = stt.readers.pool.pids
    os.kill(worker, signal.SIGSTOP)
    try:
        await stream.push(hush(340))
        await stream.commit()
        async with asyncio.timeout(1):
            final = await anext(events)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert isinstance(final, SttFinal)
    assert final.text == event.text


async def test_speech_after_a_probe_is_read(stt: WhisperStt) -> None:
    stream = stt.open(SttConfig())
    await stream.push(hush(300) + hum(1_000) + hush(160))
    await stream.probe()
    events = await hear(stream, hush(200) + hum(1_000))
    (interim,) = [event for event in events if isinstance(event, SttInterim)]
    assert len(final_in(events).text) > len(interim.text)


async def test_a_long_utterance_is_cut_at_pauses_and_joined(stt: WhisperStt) -> None:
    """A model says its script again for each piece; the times go on."""
    minute = (hum(9_500) + hush(500)) * 6
    final = final_in(await hear(stt.open(SttConfig(word_times=True)), minute, step=960_000))
    begins = [word.start_ms for word in final.words]
    assert begins == sorted(begins)
    assert begins[-1] >= 30_000
    assert final.words[-1].end_ms <= 60_000
    assert [final.text[word.start : word.end] for word in final.words] == [word.text for word in final.words]


async def test_an_utterance_that_is_pushed_faster_than_it_is_read_is_bounded(stt: WhisperStt) -> None:
    stream = stt.open(SttConfig())
    pushing = asyncio.create_task(stream.push(hum(300_000)))
    await asyncio.sleep(0)
    assert not pushing.done()
    await stream.cancel()
    async with asyncio.timeout(1):
        await pushing


async def test_a_worker_that_dies_in_a_reading_costs_nothing(stt: WhisperStt) -> None:
    expected = final_in(await hear(stt.open(SttConfig()), hum(3_000))).text
    stream = stt.open(SttConfig())
    assert stt.readers is not None
    (worker,) = stt.readers.pool.pids
    os.kill(worker, signal.SIGSTOP)  # the reading begins, and does not end
    hearing = asyncio.create_task(hear(stream, hum(3_000)))
    await asyncio.sleep(0.2)
    os.kill(worker, signal.SIGKILL)
    assert final_in(await hearing).text == expected
    assert stt.readers.pool.pids != (worker,)


async def test_who_has_finished_is_read_before_who_still_speaks(stt: WhisperStt) -> None:
    """A worker that is held up finds the request for a partial first, and a final later."""
    order: list[str] = []
    assert stt.readers is not None
    (worker,) = stt.readers.pool.pids
    held = stt.open(SttConfig(claim=Claim("a")))
    os.kill(worker, signal.SIGSTOP)
    try:
        await held.push(hum(600))
        await asyncio.sleep(0.05)  # the one place is taken by this partial now
        speaking, finished = (stt.open(SttConfig(claim=Claim(owner))) for owner in "bc")

        async def first(stream: Any, name: str) -> None:
            async for _ in stream:
                order.append(name)
                return

        tasks = [asyncio.create_task(first(speaking, "speaking")), asyncio.create_task(first(finished, "finished"))]
        await speaking.push(hum(600))
        await asyncio.sleep(0.05)
        await finished.push(hum(400))
        await finished.commit()
        await asyncio.sleep(0.05)
        assert stt.hearing()[0] == 3
        assert stt.hearing()[2] > 0.02
    finally:
        os.kill(worker, signal.SIGCONT)
    await asyncio.gather(*tasks)
    assert order == ["finished", "speaking"]
    for stream in (held, speaking, finished):
        await stream.cancel()


async def test_how_many_can_be_followed(stt: WhisperStt) -> None:
    speaking, capacity, late_s = stt.hearing()
    assert (speaking, late_s) == (0, 0.0)
    assert capacity >= 1
    streams = [stt.open(SttConfig(claim=Claim(background=background))) for background in (False, True)]
    assert stt.hearing()[0] == 1  # a recording is nobody who speaks
    for stream in streams:
        await stream.cancel()


async def test_a_language_that_the_model_does_not_have(stt: WhisperStt) -> None:
    assert stt.capabilities.languages == ("en",)
    with pytest.raises(EngineError, match="does not understand nl"):
        stt.open(SttConfig(language="nl"))
    assert final_in(await hear(stt.open(SttConfig(language="en-GB")), hum(500))).text


async def test_says_what_it_needs(folder: Path) -> None:
    made = engine({"model": str(folder)})
    assert isinstance(made, NeedsModels)
    assert made.models == (str(folder),)
    assert str(folder.parent) not in made.capabilities.info.label


async def refusal(**options: Any) -> str:
    made = engine({"threads": 1, **options})
    try:
        with pytest.raises(ConfigurationError) as caught:
            await made.start()
    finally:
        await made.close()
    return str(caught.value)


async def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    assert "is not there" in await refusal(model=str(tmp_path / "none"))
    assert "There is no model 'whisper-tinny'" in await refusal(model="whisper-tinny")


async def test_a_folder_of_something_else(folder: Path, tmp_path: Path) -> None:
    assert "There is no model.bin" in await refusal(model=str(tmp_path))
    other = tmp_path / "tiny.en"
    shutil.copytree(folder, other)
    (other / "model.bin").write_bytes(b"no model")
    assert "cannot be opened on cpu" in await refusal(model=str(other))
    (other / "tokenizer.json").unlink()
    assert "There is no tokenizer.json" in await refusal(model=str(other))


async def test_a_compute_type_that_this_machine_does_not_have(folder: Path) -> None:
    assert "cannot be opened on cpu" in await refusal(model=str(folder), compute_type="int3")


async def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxwire.engines.declared_options.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="ctranslate2"):
        engine({})
