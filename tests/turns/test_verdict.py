"""The words' sign and the model's vote, taken together."""

import pytest

from voxwire.interfaces.turn import Remark, TurnSign
from voxwire.turns import remark_of, verdict

FINISHED, LIKELY, OPEN, HESITANT, UNFINISHED = TurnSign


class TestVerdict:
    @pytest.mark.parametrize("sign", [*TurnSign, None])
    @pytest.mark.parametrize("score", [None, 0.2, 0.5, 0.9])
    def test_a_model_that_is_not_sure_changes_nothing(self, sign: TurnSign | None, score: float | None) -> None:
        assert verdict(sign, score) is sign

    @pytest.mark.parametrize(
        ("sign", "result"),
        [
            *((FINISHED, OPEN), (LIKELY, HESITANT), (OPEN, HESITANT), (HESITANT, HESITANT), (UNFINISHED, UNFINISHED)),
            (None, HESITANT),
        ],
    )
    def test_a_voice_that_goes_on_makes_patient(self, sign: TurnSign | None, result: TurnSign) -> None:
        assert verdict(sign, 0.1) is result

    @pytest.mark.parametrize(
        ("sign", "result"),
        [
            *((FINISHED, FINISHED), (LIKELY, FINISHED), (OPEN, OPEN), (HESITANT, HESITANT)),
            *((UNFINISHED, UNFINISHED), (None, LIKELY)),
        ],
    )
    def test_a_voice_that_has_finished_never_ends_what_the_words_hold_open(
        self, sign: TurnSign | None, result: TurnSign
    ) -> None:
        assert verdict(sign, 0.99) is result


class TestBackChannels:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("Mm-hm.", "en"),
            ("okay", "en"),
            ("Yeah, right.", "en"),
            ("ja ja", "nl"),
            ("ach so", "de"),
            ("d'accord", "fr"),
            ("sí, claro", "es"),
            ("ja", None),
            ("Okay.", "ja"),
        ],
    )
    def test_words_of_a_listener(self, text: str, code: str | None) -> None:
        assert remark_of(text, code) is Remark.BACK_CHANNEL

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("I", "en"),
            ("got", "en"),
            ("Okay, got", "en"),
            ("all right I", "en"),
            ("I see. I", "en"),
            ("o", "en"),
            ("got i", "en"),
            ("ich ver", "de"),
            ("c'est", "fr"),
            ("muy", "es"),
            ("ik snap", None),
        ],
    )
    def test_words_that_may_become_those_of_a_listener(self, text: str, code: str | None) -> None:
        assert remark_of(text, code) is Remark.BEGINNING
        assert remark_of(text + "zz", code) is Remark.SPEECH

    @pytest.mark.parametrize(
        "text",
        ["", "okay stop", "yes but", "no", "wait", "I have", "I se I", "got a", "see", " ".join(["yeah"] * 7)],
    )
    def test_words_of_one_who_wants_to_speak(self, text: str) -> None:
        assert remark_of(text, "en") is Remark.SPEECH

    def test_of_another_language_they_are_none(self) -> None:
        assert remark_of("ja", "en") is Remark.SPEECH
