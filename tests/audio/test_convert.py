"""Clips between the formats of the wire."""

import numpy as np
import pytest

from voxwire.audio.clip import AudioClip, PcmClip
from voxwire.audio.convert import convert, from_pcm, to_pcm
from voxwire.audio.pcm import AudioFormat

G711 = [AudioFormat.ULAW, AudioFormat.ALAW]
SILENCE = {AudioFormat.ULAW: b"\xff", AudioFormat.ALAW: b"\xd5"}


def tone(rate: int, seconds: float = 0.5, frequency: float = 440) -> bytes:
    time = np.arange(int(rate * seconds)) / rate
    return np.rint(12_000 * np.sin(2 * np.pi * frequency * time)).astype("<i2").tobytes()


@pytest.mark.parametrize("format", AudioFormat)
def test_to_and_from_pcm(format: AudioFormat) -> None:
    data = from_pcm(tone(format.rate), format)
    assert len(data) == format.size_of(500)
    assert from_pcm(to_pcm(data, format), format) == data


@pytest.mark.parametrize("format", G711)
def test_each_law_has_its_own_silence(format: AudioFormat) -> None:
    assert from_pcm(bytes(4), format) == SILENCE[format] * 2


@pytest.mark.parametrize("format", AudioFormat)
def test_the_same_format_is_the_same_clip(format: AudioFormat) -> None:
    clip = AudioClip(data=bytes(480), format=format)
    assert convert(clip, format) is clip


@pytest.mark.parametrize("source", AudioFormat)
@pytest.mark.parametrize("target", AudioFormat)
def test_the_sound_and_its_length_stay(source: AudioFormat, target: AudioFormat) -> None:
    clip = AudioClip(data=from_pcm(tone(source.rate), source), format=source)
    there = convert(clip, target)
    assert there.format is target
    assert there.duration_ms == clip.duration_ms == 500
    heard = np.frombuffer(to_pcm(there.data, target), "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(heard))
    assert spectrum.argmax() * 2 == 440
    assert np.abs(heard[100:]).max() == pytest.approx(12_000, rel=0.05)


@pytest.mark.parametrize("target", AudioFormat)
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_speech_of_any_engine(rate: int, target: AudioFormat) -> None:
    clip = PcmClip(data=tone(rate), rate=rate)
    assert convert(clip, target).duration_ms == pytest.approx(500, abs=1)


@pytest.mark.parametrize("format", G711)
def test_between_the_laws_the_rate_stays(format: AudioFormat) -> None:
    """No filter and no delay: only the code changes."""
    other = G711[1 - G711.index(format)]
    there = convert(AudioClip(data=bytes(range(256)), format=format), other)
    assert there.data == from_pcm(to_pcm(bytes(range(256)), format), other)
