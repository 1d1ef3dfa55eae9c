"""Whole pieces of sound: how long they last."""

import pytest

from voxwire.audio.clip import AudioClip, PcmClip
from voxwire.audio.pcm import AudioFormat


@pytest.mark.parametrize("format", AudioFormat)
def test_a_clip_of_the_wire(format: AudioFormat) -> None:
    assert AudioClip(data=bytes(format.size_of(250)), format=format).duration_ms == 250


def test_a_clip_of_an_engine_has_a_rate_of_its_own() -> None:
    assert PcmClip(data=bytes(2 * 4_000), rate=16_000).duration_ms == 250
