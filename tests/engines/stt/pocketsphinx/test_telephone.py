"""Telephone speech, G.711 at 8 kHz: the assistant's own sentences are understood as well as those of a microphone."""

import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from voxwire.audio.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from voxwire.audio.resample import Resampler
from voxwire.engines.llm.assistant.engine import OfflineAssistant
from voxwire.engines.stt.pocketsphinx import engine as pocketsphinx
from voxwire.engines.stt.pocketsphinx.engine import PocketsphinxStt
from voxwire.engines.stt.pocketsphinx.narrow_band import NarrowBandCepstra
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.stt import SttConfig, SttFinal

FIXTURES = Path(__file__).parents[3] / "fixtures"
WEATHER = FunctionTool(
    name="get_weather",
    description="Get the current weather for a location",
    parameters={"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
)
Line = Callable[[bytes], bytes]


def telephone(name: str, line: Line) -> bytes:
    """A recording as it arrives over the telephone: PCM16 at 8 kHz."""
    with wave.open(str(FIXTURES / f"{name}_24k.wav")) as recording:
        pcm = recording.readframes(recording.getnframes())
    return line(Resampler(24_000, 8_000).push(pcm))


def mu_law(pcm: bytes) -> bytes:
    return decode_ulaw(encode_ulaw(pcm))


def a_law(pcm: bytes) -> bytes:
    return decode_alaw(encode_alaw(pcm))


def landline(pcm: bytes) -> bytes:
    """mu-law, behind the filter that leaves 300 to 3,400 Hz."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    spectrum, hz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / 8_000)
    spectrum[(hz < 300) | (hz > 3_400)] = 0
    return mu_law(np.rint(np.fft.irfft(spectrum, len(samples))).clip(-32768, 32767).astype("<i2").tobytes())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ears() -> AsyncIterator[PocketsphinxStt]:
    engine = pocketsphinx.engine({"size": 1})
    await engine.start()
    yield engine
    await engine.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phrases() -> tuple[str, ...]:
    """All that the assistant expects beside a weather function: some 15,000 sentences."""
    assistant = OfflineAssistant()
    await assistant.start()
    return assistant.phrases("", (WEATHER,))


@pytest.mark.engines
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("line", [mu_law, a_law, landline])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("what_is_twelve_times_seven", "what is twelve times seven"),
        ("what_time_is_it", "what time is it"),
        ("whats_the_weather_in_san_francisco", "what's the weather in san francisco"),
    ],
)
async def test_the_sentences_it_knows(
    ears: PocketsphinxStt, phrases: tuple[str, ...], name: str, said: str, line: Line
) -> None:
    stream = ears.open(SttConfig(rate=8_000, phrases=phrases))
    await stream.push(telephone(name, line))
    await stream.commit()
    (final,) = [event async for event in stream if isinstance(event, SttFinal)]
    assert said in (final.text, *final.alternatives)


def test_how_the_sound_is_cut_makes_no_difference() -> None:
    pcm = Resampler(8_000, 16_000).push(telephone("what_time_is_it", mu_law))
    whole = NarrowBandCepstra()
    expected = np.concatenate([whole.push(pcm), whole.flush()])
    cut = NarrowBandCepstra()
    pieces = [cut.push(pcm[at : at + 1_234]) for at in range(0, len(pcm), 1_234)]
    assert np.array_equal(np.concatenate([*pieces, cut.flush()]), expected)
    assert len(expected) == 1 + (len(pcm) // 2 - 410) // 160


@pytest.mark.parametrize("size", [0, 2, 818])
def test_sound_shorter_than_a_frame(size: int) -> None:
    front_end = NarrowBandCepstra()
    assert len(front_end.push(bytes(size))) == 0
    assert len(front_end.flush()) == 0
