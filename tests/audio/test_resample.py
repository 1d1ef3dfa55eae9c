"""The streaming resampler: how much comes out when, what passes and what does not, and its edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voxwire.audio.resample import Resampler, polyphase

#: Every conversion that engines and clients need.
PAIRS = [
    (8_000, 16_000),
    (8_000, 24_000),
    (16_000, 8_000),
    (16_000, 24_000),
    (22_050, 8_000),
    (22_050, 16_000),
    (22_050, 24_000),
    (24_000, 8_000),
    (24_000, 16_000),
    (44_100, 16_000),
    (44_100, 24_000),
    (48_000, 8_000),
    (48_000, 24_000),
]
pairs = pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)


def tone(frequency: float, rate: int, seconds: float = 1.0, amplitude: float = 20_000) -> bytes:
    time = np.arange(int(rate * seconds)) / rate
    return np.rint(amplitude * np.sin(2 * np.pi * frequency * time)).astype("<i2").tobytes()


def samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, "<i2").astype(float)


def level_db(signal: NDArray[np.float64]) -> float:
    """Root mean square against that of `tone`, with a floor far below one bit."""
    return 20 * np.log10(max(np.sqrt((signal**2).mean()), 1e-3) / (20_000 / np.sqrt(2)))


def without(frequency: float, rate: int, signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is left once the best-fitting sine is taken away."""
    angle = 2 * np.pi * frequency * np.arange(len(signal)) / rate
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return signal - basis @ np.linalg.lstsq(basis, signal, rcond=None)[0]


class TestStreaming:
    @settings(max_examples=60)
    @given(
        pair=st.sampled_from(PAIRS),
        cuts=st.lists(st.integers(0, 4_000), max_size=12),
        seed=st.integers(0, 2**32 - 1),
    )
    def test_any_cutting_gives_the_same_bytes_at_the_same_time(
        self, pair: tuple[int, int], cuts: list[int], seed: int
    ) -> None:
        """Bit for bit, and after every piece exactly what the samples so far are worth."""
        noise = np.random.default_rng(seed).integers(-32768, 32768, 4_000, dtype="<i2").tobytes()
        rate_in, rate_out = pair
        whole = Resampler(rate_in, rate_out).push(noise)
        stream, pieces, previous = Resampler(rate_in, rate_out), b"", 0
        for cut in [*sorted(cuts), 4_000]:
            pieces += stream.push(noise[2 * previous : 2 * cut])
            previous = cut
            assert len(pieces) // 2 == cut * rate_out // rate_in
        assert pieces == whole

    def test_long_input_is_converted_in_slabs_without_a_seam(self) -> None:
        noise = np.random.default_rng(1).integers(-20_000, 20_000, 200_001, dtype="<i2").tobytes()
        stream = Resampler(22_050, 24_000)
        pieces = b"".join(stream.push(noise[start : start + 4_410]) for start in range(0, len(noise), 4_410))
        assert Resampler(22_050, 24_000).push(noise) == pieces

    @pairs
    def test_a_click_comes_out_within_two_milliseconds(self, rate_in: int, rate_out: int) -> None:
        click = np.zeros(rate_in // 10, "<i2")
        click[rate_in // 20] = 30_000
        heard = samples(Resampler(rate_in, rate_out).push(click.tobytes()))
        late = np.abs(heard).argmax() / rate_out - (rate_in // 20) / rate_in
        assert 0 <= late <= 0.002

    def test_equal_rates_pass_unchanged(self) -> None:
        noise = bytes(range(256))
        assert Resampler(16_000, 16_000).push(noise) is noise

    def test_nothing_in_nothing_out(self) -> None:
        assert Resampler(24_000, 16_000).push(b"") == b""


class TestCoefficients:
    @pytest.mark.parametrize("rate", [24_000, 8_000])
    def test_they_make_the_same_outputs_elsewhere(self, rate: int) -> None:
        """Who multiplies by them in another language needs one group of outputs at a time."""
        filter_ = polyphase(rate, 16_000, np.float32)
        sound = samples(tone(440, rate))[: filter_.history + filter_.block].astype("<i2")
        outputs = filter_(sound[np.newaxis])[0]
        group = sound[: filter_.history + filter_.down].astype(np.float32)
        assert filter_.coefficients.shape == (filter_.up, len(group))
        assert np.rint(filter_.coefficients @ group) == pytest.approx(outputs[: filter_.up], abs=1)


class TestFrequencyResponse:
    """`share` is a frequency as a share of the lower of the two rates."""

    @pairs
    @pytest.mark.parametrize("share", [0.02, 0.1, 0.25, 0.38])
    def test_speech_passes_unchanged(self, rate_in: int, rate_out: int, share: float) -> None:
        frequency = share * min(rate_in, rate_out)
        heard = samples(Resampler(rate_in, rate_out).push(tone(frequency, rate_in)))[200:]
        assert level_db(heard) == pytest.approx(0, abs=0.05)
        assert level_db(without(frequency, rate_out, heard)) < -85

    @pairs
    @pytest.mark.parametrize(("share", "at_least", "at_most"), [(0.41, -0.4, -0.1), (0.46, -6.2, -5.8)])
    def test_the_slope(self, rate_in: int, rate_out: int, share: float, at_least: float, at_most: float) -> None:
        heard = samples(Resampler(rate_in, rate_out).push(tone(share * min(rate_in, rate_out), rate_in)))[200:]
        assert at_least < level_db(heard) < at_most

    @pytest.mark.parametrize(("rate_in", "rate_out"), [pair for pair in PAIRS if pair[0] > pair[1]])
    @pytest.mark.parametrize("share", [0.54, 0.57, 0.6, 0.65])
    def test_what_cannot_be_represented_vanishes(self, rate_in: int, rate_out: int, share: float) -> None:
        heard = samples(Resampler(rate_in, rate_out).push(tone(share * rate_out, rate_in)))[200:]
        assert level_db(heard) < -80

    @pytest.mark.parametrize(("rate_in", "rate_out"), [pair for pair in PAIRS if pair[0] < pair[1]])
    def test_no_images_appear_above_the_input_band(self, rate_in: int, rate_out: int) -> None:
        frequency = 0.42 * rate_in
        heard = samples(Resampler(rate_in, rate_out).push(tone(frequency, rate_in)))[200:]
        assert level_db(without(frequency, rate_out, heard)) < -79


class TestValues:
    @pairs
    @pytest.mark.parametrize("value", [-32768, -1, 1, 32767])
    def test_a_constant_stays_that_constant(self, rate_in: int, rate_out: int, value: int) -> None:
        heard = samples(Resampler(rate_in, rate_out).push(np.full(4_000, value, "<i2").tobytes()))
        assert set(heard[200:]) == {value}

    @pairs
    def test_overshoot_is_clipped_not_wrapped(self, rate_in: int, rate_out: int) -> None:
        square = np.repeat([32767, -32768] * 10, rate_in // 200).astype("<i2")
        heard = samples(Resampler(rate_in, rate_out).push(square.tobytes()))
        assert heard.max() == 32767
        assert heard.min() == -32768
        # A wrapped value would jump by almost the whole range between neighbours inside a plateau.
        plateau = heard[rate_out // 400 + rate_out // 200 * 2 :][: rate_out // 500]
        assert np.abs(np.diff(plateau)).max() < 8_000


class TestRates:
    def test_odd_rates_are_met_within_four_parts_in_a_million(self) -> None:
        """11 127 Hz is what early Macintosh recordings say; the exact ratio would need 8 000 phases."""
        heard = Resampler(11_127, 24_000).push(bytes(2 * 11_127 * 60))
        assert len(heard) // 2 == pytest.approx(24_000 * 60, rel=4e-6)

    @pytest.mark.parametrize(("rate_in", "rate_out"), [(3_999, 24_000), (24_000, 384_001), (0, 8_000), (-8_000, 8_000)])
    def test_rates_out_of_range_are_refused(self, rate_in: int, rate_out: int) -> None:
        with pytest.raises(ValueError, match=r"sample rate -?\d+ Hz is outside 4000 to 384000 Hz"):
            Resampler(rate_in, rate_out)

    def test_half_a_sample_is_refused(self) -> None:
        with pytest.raises(ValueError, match="multiple of element size"):
            Resampler(24_000, 16_000).push(b"\x00")
