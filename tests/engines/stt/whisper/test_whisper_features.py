"""The spectrum is the one that the models know."""

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from voxwire.engines.stt.whisper.whisper_features import whisper_features
from voxwire.testing.contract.signals import hum

pytestmark = pytest.mark.engines


@pytest.mark.parametrize("bands", [80, 128])
@pytest.mark.parametrize("samples", [0, 1, 100, 399, 16_000, 48_077, 10 * 16_000, 12 * 16_000])
def test_equals_the_one_of_faster_whisper(samples: int, bands: int) -> None:
    noise = np.random.default_rng(samples).normal(0, 3_000, samples).astype("<i2")
    heard = noise.astype(np.float32)[: 10 * 16_000] / 32_768
    padded = np.pad(heard, (0, 10 * 16_000 - len(heard)))
    theirs = FeatureExtractor(feature_size=bands)(padded)[:, :1_000]
    ours = whisper_features(noise[: 10 * 16_000].tobytes(), 1_000, bands)
    assert ours.shape == (bands, 1_000)
    assert np.abs(ours - theirs).max() < 1e-5


def test_what_is_longer_than_the_window_is_cut_off() -> None:
    assert (whisper_features(hum(3_000), 100) == whisper_features(hum(1_000), 100))[:, :98].all()
