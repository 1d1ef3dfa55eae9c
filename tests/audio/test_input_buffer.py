"""The input audio buffer and its clock (protocol: turns, Audio time; docs/architecture.md, invariant 7)."""

import pytest

from voxwire.audio.input_buffer import InputBuffer
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.tape import TICKS_PER_MS, to_ms


class TestClock:
    @pytest.mark.parametrize(
        ("format", "size"), [(AudioFormat.PCM16, 48), (AudioFormat.ULAW, 8), (AudioFormat.ALAW, 8)]
    )
    def test_a_millisecond_has_24_ticks_in_every_format(self, format: AudioFormat, size: int) -> None:
        buffer = InputBuffer(format)
        buffer.append(bytes(size * 10))
        assert buffer.end == 10 * TICKS_PER_MS
        assert buffer.duration_ms == 10
        assert to_ms(buffer.end) == 10

    def test_the_clock_goes_on_after_a_commit_a_clear_and_a_change_of_format(self) -> None:
        buffer = InputBuffer(AudioFormat.PCM16)
        buffer.append(bytes(480))
        buffer.commit(0, 5 * TICKS_PER_MS)
        buffer.clear()
        buffer.append(bytes(48))
        buffer.change_format(AudioFormat.ULAW)
        buffer.append(bytes(16))
        assert to_ms(buffer.end) == 13
        assert (buffer.committed, buffer.cleared, buffer.discarded) == (120, 120, 24)
        assert buffer.start == 120 + 120 + 24


class TestCommit:
    def test_takes_the_audio_between_two_ticks(self) -> None:
        buffer = InputBuffer(AudioFormat.ULAW)
        buffer.append(bytes(range(16)))
        assert buffer.commit(3 * 2, 3 * 5) == bytes([2, 3, 4])
        assert (buffer.discarded, buffer.committed, buffer.size) == (6, 9, 11)
        assert buffer.read(buffer.start, buffer.end) == bytes(range(5, 16))

    @pytest.mark.parametrize("seconds", [1, 60])
    def test_everything_is_taken_whatever_its_size(self, seconds: int) -> None:
        """A large buffer is handed over as it is."""
        buffer, audio = InputBuffer(AudioFormat.PCM16), bytes(range(240)) * (200 * seconds)
        buffer.append(audio)
        clip = buffer.commit(0, buffer.end)
        assert clip == audio
        buffer.append(bytes(480))
        assert clip == audio
        assert (buffer.committed, buffer.size) == (seconds * 1000 * TICKS_PER_MS, 480)
        assert buffer.end == buffer.committed + 10 * TICKS_PER_MS

    def test_an_empty_stretch_is_empty(self) -> None:
        buffer = InputBuffer(AudioFormat.PCM16)
        assert buffer.commit(0, 0) == b""


class TestDiscard:
    def test_forgets_what_lies_before(self) -> None:
        buffer = InputBuffer(AudioFormat.ULAW)
        buffer.append(bytes(range(8)))
        buffer.discard_before(9)
        assert buffer.read(9, buffer.end) == bytes(range(3, 8))
        assert buffer.discarded == 9

    def test_a_tick_already_gone_changes_nothing(self) -> None:
        buffer = InputBuffer(AudioFormat.ULAW)
        buffer.append(bytes(8))
        buffer.clear()
        buffer.discard_before(3)
        assert (buffer.start, buffer.discarded) == (24, 0)
