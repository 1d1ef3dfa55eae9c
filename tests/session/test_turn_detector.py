"""Turn detection by scores (protocol: turns, Turn detection)."""

import pytest

from voxwire.audio.input_buffer import WINDOW_TICKS
from voxwire.events.session_config import Eagerness, SemanticVad, ServerVad
from voxwire.session.turn_detector import Boundary, SpeechState, TurnDetector


def run(settings: ServerVad | SemanticVad, scores: list[float]) -> list[tuple[int, Boundary]]:
    """Boundaries with the number of the window, counted from 1, that completed them."""
    detector = TurnDetector(settings)
    steps = ((n, detector.step(score, n * WINDOW_TICKS)) for n, score in enumerate(scores, 1))
    return [(n, boundary) for n, boundary in steps if boundary is not None]


class TestServerVad:
    """Protocol: turns, Turn detection."""

    def test_speech_starts_at_the_first_window_at_the_threshold(self) -> None:
        assert run(ServerVad(threshold=0.6), [0.59, 0.6]) == [(2, Boundary.STARTED)]

    def test_200_ms_of_silence_are_complete_at_the_seventh_window(self) -> None:
        settings = ServerVad(silence_duration_ms=200)
        assert run(settings, [0.9, *[0.0] * 6]) == [(1, Boundary.STARTED)]
        assert run(settings, [0.9, *[0.0] * 7]) == [(1, Boundary.STARTED), (8, Boundary.STOPPED)]

    def test_silence_that_is_a_whole_number_of_windows_needs_no_more(self) -> None:
        settings = ServerVad(silence_duration_ms=64)
        assert run(settings, [0.9, 0.0, 0.0]) == [(1, Boundary.STARTED), (3, Boundary.STOPPED)]

    def test_no_silence_asked_for_stops_at_the_first_quiet_window(self) -> None:
        settings = ServerVad(silence_duration_ms=0)
        assert run(settings, [0.9, 0.0]) == [(1, Boundary.STARTED), (2, Boundary.STOPPED)]

    def test_a_score_just_below_the_threshold_does_not_begin_silence(self) -> None:
        settings = ServerVad(threshold=0.5, silence_duration_ms=32)
        assert run(settings, [0.9, *[0.36] * 5]) == [(1, Boundary.STARTED)]

    def test_a_score_just_below_the_threshold_does_not_end_silence(self) -> None:
        settings = ServerVad(threshold=0.5, silence_duration_ms=96)
        assert run(settings, [0.9, 0.1, 0.4, 0.4]) == [(1, Boundary.STARTED), (4, Boundary.STOPPED)]

    def test_speech_within_the_silence_starts_the_count_again(self) -> None:
        settings = ServerVad(silence_duration_ms=64)
        assert run(settings, [0.9, 0.0, 0.9, 0.0, 0.0]) == [(1, Boundary.STARTED), (5, Boundary.STOPPED)]

    @pytest.mark.parametrize("threshold", [0.0, 0.1, 0.15])
    def test_a_low_threshold_still_lets_a_turn_end(self, threshold: float) -> None:
        """Threshold less hysteresis is below every score then; without a floor a turn would never end."""
        settings = ServerVad(threshold=threshold, silence_duration_ms=64)
        assert run(settings, [0.9, 0.0, 0.0]) == [(1, Boundary.STARTED), (3, Boundary.STOPPED)]

    def test_threshold_zero_does_not_take_perfect_silence_for_speech(self) -> None:
        assert run(ServerVad(threshold=0.0), [0.0, 0.0]) == []

    def test_one_turn_after_the_other(self) -> None:
        settings = ServerVad(silence_duration_ms=32)
        boundaries = run(settings, [0.9, 0.0, 0.9, 0.0])
        assert boundaries == [
            (1, Boundary.STARTED),
            (2, Boundary.STOPPED),
            (3, Boundary.STARTED),
            (4, Boundary.STOPPED),
        ]


class TestSemanticVad:
    """The silence rule, its wait scaled by eagerness (protocol: turns, Semantic turn detection)."""

    @pytest.mark.parametrize(
        ("eagerness", "windows"),
        [(Eagerness.HIGH, 10), (Eagerness.MEDIUM, 19), (Eagerness.AUTO, 19), (Eagerness.LOW, 38)],
    )
    def test_the_wait_follows_eagerness(self, eagerness: Eagerness, windows: int) -> None:
        settings = SemanticVad(eagerness=eagerness)
        assert run(settings, [0.9, *[0.0] * windows])[-1] == (windows + 1, Boundary.STOPPED)
        assert run(settings, [0.9, *[0.0] * (windows - 1)]) == [(1, Boundary.STARTED)]


class TestSettingsInTheMiddle:
    def test_new_settings_keep_the_turn(self) -> None:
        detector = TurnDetector(ServerVad(silence_duration_ms=1000))
        detector.step(0.9, WINDOW_TICKS)
        detector.configure(ServerVad(silence_duration_ms=32))
        assert detector.state is SpeechState.SPEAKING
        assert detector.step(0.0, 2 * WINDOW_TICKS) is Boundary.STOPPED

    def test_reset_forgets_the_turn(self) -> None:
        detector = TurnDetector(ServerVad(silence_duration_ms=32))
        detector.step(0.9, WINDOW_TICKS)
        detector.reset()
        assert detector.step(0.0, 2 * WINDOW_TICKS) is None
        assert detector.step(0.9, 3 * WINDOW_TICKS) is Boundary.STARTED
