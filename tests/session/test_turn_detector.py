"""Turn detection by scores (protocol: turns, Turn detection)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.audio.tape import NEVER, WINDOW_TICKS
from voxwire.events.session_config import Eagerness, SemanticVad, ServerVad
from voxwire.interfaces.turn import TurnSign
from voxwire.session.turn_detector import Boundary, SpeechState, Trailing, TurnDetector


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


class TestJudgedPauses:
    """The wait under semantic detection follows what a pause looks like."""

    @staticmethod
    def windows_until_stopped(sign: TurnSign | None, eagerness: Eagerness = Eagerness.MEDIUM) -> int:
        """Quiet windows of a turn whose pause is judged after the fifth of them."""
        detector = TurnDetector(SemanticVad(eagerness=eagerness), pause_ms=160)
        detector.step(0.9, WINDOW_TICKS)
        for n in range(1, 400):
            boundary = detector.step(0.0, (n + 1) * WINDOW_TICKS)
            if boundary is Boundary.PAUSED:
                assert (n, detector.asks, detector.paused) == (5, True, True)
                detector.judge(sign)
            elif boundary is Boundary.STOPPED:
                return n
        raise AssertionError("the turn never ended")

    @pytest.mark.parametrize(("sign", "ms"), [*zip(TurnSign, (300, 450, 600, 900, 4000), strict=True), (None, 600)])
    def test_the_wait_follows_the_sign(self, sign: TurnSign | None, ms: int) -> None:
        assert self.windows_until_stopped(sign) == -(-ms // 32)

    @pytest.mark.parametrize(
        ("eagerness", "longest_ms"),
        [(Eagerness.LOW, 8000), (Eagerness.MEDIUM, 4000), (Eagerness.AUTO, 4000), (Eagerness.HIGH, 2000)],
    )
    def test_nobody_is_waited_for_longer_than_the_protocol_says(self, eagerness: Eagerness, longest_ms: int) -> None:
        assert self.windows_until_stopped(TurnSign.UNFINISHED, eagerness) == longest_ms // 32 + (longest_ms % 32 > 0)

    @pytest.mark.parametrize("eagerness", Eagerness)
    def test_the_surer_the_end_the_shorter_the_wait(self, eagerness: Eagerness) -> None:
        waits = [self.windows_until_stopped(sign, eagerness) for sign in TurnSign]
        assert waits == sorted(set(waits))

    def test_a_sign_holds_for_its_pause_alone(self) -> None:
        detector = TurnDetector(SemanticVad(), pause_ms=160)
        detector.step(0.9, WINDOW_TICKS)
        for n in range(2, 7):
            detector.step(0.0, n * WINDOW_TICKS)
        detector.judge(TurnSign.UNFINISHED)
        assert detector.silence_ms == 4000
        assert detector.step(0.9, 7 * WINDOW_TICKS) is Boundary.RESUMED
        assert detector.silence_ms == 600

    def test_where_somebody_judges_there_is_no_hush_before_the_pause(self) -> None:
        detector = TurnDetector(SemanticVad(), pause_ms=160, hush_ms=96)
        assert boundaries(detector, silent=6) == [Boundary.PAUSED]

    def test_server_vad_asks_nobody(self) -> None:
        detector = TurnDetector(ServerVad(silence_duration_ms=500), pause_ms=160)
        assert not detector.asks
        detector.judge(TurnSign.UNFINISHED)
        assert detector.silence_ms == 500

    def test_the_kind_of_detection_may_change_within_the_turn(self) -> None:
        detector = TurnDetector(SemanticVad(), pause_ms=160)
        detector.configure(ServerVad(silence_duration_ms=200))
        assert (detector.asks, detector.silence_ms) == (False, 200)
        detector.configure(SemanticVad(eagerness=Eagerness.HIGH))
        assert (detector.asks, detector.silence_ms) == (True, 300)


def boundaries(detector: TurnDetector, *, silent: int) -> list[Boundary]:
    """What is told of so many quiet windows after a loud one."""
    detector.step(0.9, WINDOW_TICKS)
    told = [detector.step(0.0, (n + 2) * WINDOW_TICKS) for n in range(silent)]
    return [boundary for boundary in told if boundary is not None]


SETTINGS = st.builds(ServerVad, threshold=st.sampled_from([0.0, 0.3, 0.5]), silence_duration_ms=st.integers(0, 700)) | (
    st.builds(SemanticVad, eagerness=st.sampled_from(Eagerness))
)
LENGTHS = st.none() | st.integers(1, 400)


class TestUnmoved:
    """What the detector says of scores that decide nothing is true of them."""

    @given(SETTINGS, LENGTHS, LENGTHS, st.lists(st.sampled_from([0.0, 0.005, 0.2, 0.4, 0.9]), max_size=80))
    def test_scores_that_are_said_to_decide_nothing_do_not(
        self, settings: ServerVad | SemanticVad, pause_ms: int | None, hush_ms: int | None, scores: list[float]
    ) -> None:
        detector = TurnDetector(settings, pause_ms, hush_ms)
        for n, score in enumerate(scores):
            (low, high), undecided = detector.unmoved, detector.undecided(n * WINDOW_TICKS)
            kind = type(detector.state), detector.state is SpeechState.SPEAKING
            boundary = detector.step(score, (n + 1) * WINDOW_TICKS)
            if low < score < high and undecided > 1:
                assert boundary is None
                assert (type(detector.state), detector.state is SpeechState.SPEAKING) == kind
                assert undecided == NEVER or detector.undecided((n + 1) * WINDOW_TICKS) == undecided - 1

    @given(SETTINGS, LENGTHS, LENGTHS)
    def test_the_last_of_them_decides(
        self, settings: ServerVad | SemanticVad, pause_ms: int | None, hush_ms: int | None
    ) -> None:
        """Until it ends the turn, each silence that is said to be decided at a window is decided there."""
        detector, end = TurnDetector(settings, pause_ms, hush_ms), WINDOW_TICKS
        detector.step(0.9, end)
        boundary: Boundary | None = None
        while boundary is not Boundary.STOPPED:
            end += WINDOW_TICKS
            expected = isinstance(detector.state, Trailing) and detector.undecided(end - WINDOW_TICKS) == 1
            boundary = detector.step(0.0, end)
            assert (boundary is not None) == expected or end == 2 * WINDOW_TICKS


class TestHush:
    """A silence that is too short to be the end is told before it may be that."""

    def test_it_comes_before_the_pause_and_each_is_told_once(self) -> None:
        detector = TurnDetector(ServerVad(silence_duration_ms=500), pause_ms=160, hush_ms=96)
        assert boundaries(detector, silent=3) == [Boundary.HUSHED]
        assert (detector.hushed, detector.paused) == (True, False)
        assert [detector.step(0.0, n * WINDOW_TICKS) for n in (5, 6, 7)] == [None, Boundary.PAUSED, None]
        assert (detector.hushed, detector.paused) == (True, True)

    def test_who_goes_on_after_one_has_to_be_silent_for_longer(self) -> None:
        detector = TurnDetector(ServerVad(silence_duration_ms=500), pause_ms=160, hush_ms=96)
        boundaries(detector, silent=3)
        assert detector.step(0.9, 5 * WINDOW_TICKS) is Boundary.RESUMED
        assert not detector.hushed
        assert boundaries(detector, silent=5) == []
        assert detector.step(0.0, 7 * WINDOW_TICKS) is Boundary.HUSHED

    def test_none_is_told_that_is_as_long_as_a_pause(self) -> None:
        detector = TurnDetector(ServerVad(silence_duration_ms=500), pause_ms=96, hush_ms=96)
        assert boundaries(detector, silent=8) == [Boundary.PAUSED]
