"""What a pause after these words looks like (`voxwire.turns`)."""

import pytest

from voxwire.interfaces.turn import TurnSign
from voxwire.turns import LANGUAGES, sign_of
from voxwire.turns.languages import language

FINISHED, LIKELY, OPEN, HESITANT, UNFINISHED = TurnSign

SIGNS = {
    "en": {
        "yes": FINISHED,
        "Yes, please.": FINISHED,
        "No, thank you!": FINISHED,
        "A table for two, please.": FINISHED,
        "No that's all thanks": FINISHED,
        "what time is it": LIKELY,
        "What's the weather like?": LIKELY,
        "Where are you from": LIKELY,
        "Can you tell me the weather?": LIKELY,
        "Turn on the lights in the kitchen.": OPEN,
        "I would like to book a table for two.": OPEN,
        "tell me what time it is": OPEN,
        "Set a timer for 5": OPEN,
        "I'm 42.": OPEN,
        "I'd love to": OPEN,
        "please turn the light on": OPEN,
        "my phone number is 0612 345 678": HESITANT,
        "zero six one two three": HESITANT,
        "S M I T H": HESITANT,
        "s for sugar m as in mother": HESITANT,
        "I need eggs, milk,": HESITANT,
        "my phone number is zero six one two": UNFINISHED,
        "My card number is 4111 1111": UNFINISHED,
        "I would like to book a table for": UNFINISHED,
        "I would like": UNFINISHED,
        "Can you please": UNFINISHED,
        "My name is": UNFINISHED,
        "I want to go to Paris. And": UNFINISHED,
        "So I was thinking, um...": UNFINISHED,
        "Um": UNFINISHED,
        "hold on": UNFINISHED,
        "Hmm, let me see.": UNFINISHED,
        "I was going\u2014": UNFINISHED,
    },
    "de": {
        "ja": FINISHED,
        "Einen Tisch für zwei, bitte.": FINISHED,
        "wie spät ist es": LIKELY,
        "Mach das Licht an": OPEN,
        "Kommst du mit": OPEN,
        "das weiß ich": OPEN,
        "meine Telefonnummer ist null eins sieben zwei drei vier fünf sechs": HESITANT,
        "meine Postleitzahl ist eins null": UNFINISHED,
        "Ich hätte gerne einen Tisch für": UNFINISHED,
        "ich komme nicht weil ich": UNFINISHED,
        "ähm": UNFINISHED,
        "Moment mal": UNFINISHED,
    },
    "nl": {
        "nee dank je": FINISHED,
        "een tafel voor vier graag": FINISHED,
        "hoe laat is het": LIKELY,
        "doe het licht aan": OPEN,
        "ik wil een tafel voor vier personen": OPEN,
        "mijn telefoonnummer is nul zes een twee drie vier vijf zes": HESITANT,
        "mijn telefoonnummer is nul zes een": UNFINISHED,
        "mijn naam is": UNFINISHED,
        "ik wil graag een": UNFINISHED,
        "ik zoek een hotel in": UNFINISHED,
        "wacht even": UNFINISHED,
    },
    "fr": {
        "oui": FINISHED,
        "une table pour deux s'il vous plaît": FINISHED,
        "quelle heure est-il": LIKELY,
        "j'ai réservé une chambre": OPEN,
        "il y a": UNFINISHED,
        "mon numéro de téléphone est zéro six douze": UNFINISHED,
        "je voudrais": UNFINISHED,
        "je voudrais une chambre pour": UNFINISHED,
        "est-ce que vous pouvez": UNFINISHED,
        "euh": UNFINISHED,
    },
    "es": {
        "sí": FINISHED,
        "una mesa para dos por favor": FINISHED,
        "cómo está usted": LIKELY,
        "tengo una reserva": OPEN,
        "mi número de teléfono es seis uno": UNFINISHED,
        "quisiera una mesa para": UNFINISHED,
        "me llamo": UNFINISHED,
        "espere un momento": UNFINISHED,
        "o sea": UNFINISHED,
    },
}


@pytest.mark.parametrize(
    ("code", "text", "sign"), [(code, text, sign) for code, texts in SIGNS.items() for text, sign in texts.items()]
)
class TestSigns:
    def test_where_the_language_is_known(self, code: str, text: str, sign: TurnSign) -> None:
        assert sign_of(text, code) is sign

    def test_where_the_words_tell_the_language(self, code: str, text: str, sign: TurnSign) -> None:
        assert sign_of(text) is sign


def test_every_language_was_tried() -> None:
    assert set(SIGNS) == set(LANGUAGES)


class TestSpelling:
    """Somebody says a name and spells it: the name tells when the spelling is over."""

    @pytest.mark.parametrize(
        ("text", "sign"),
        [
            ("my name is Smith, S-M-I", UNFINISHED),
            ("my name is Smith, S-M-I-T-H.", LIKELY),
            ("Smith that is S M I T H", LIKELY),
            ("my name is Smit, S-M-I-T-H", HESITANT),
            ("it is spelled S", UNFINISHED),
        ],
    )
    def test_it_is_over_with_the_last_letter(self, text: str, sign: TurnSign) -> None:
        assert sign_of(text, "en") is sign


class TestLanguages:
    @pytest.mark.parametrize("code", ["en-US", "EN", "en_GB"])
    def test_a_region_is_no_other_language(self, code: str) -> None:
        assert sign_of("I would like", code) is UNFINISHED

    def test_a_language_without_data_is_judged_by_what_is_written(self) -> None:
        assert sign_of("\u6211\u60f3", "zh") is None
        assert sign_of("quantos anos tens?", "pt") is LIKELY
        assert sign_of("eu queria...", "pt") is UNFINISHED
        assert sign_of("0612 345", "pt") is HESITANT
        assert sign_of("vou para", "pt") is None

    def test_words_of_no_language_tell_nothing(self) -> None:
        assert sign_of("lorem ipsum dolor") is None

    @pytest.mark.parametrize("text", ["", "   ", "...", "?"])
    def test_no_words_tell_nothing(self, text: str) -> None:
        assert sign_of(text, "en") is None


@pytest.mark.parametrize("code", LANGUAGES)
class TestData:
    def test_no_list_is_empty(self, code: str) -> None:
        one = language(code)
        lists = (one.fillers, one.patience, one.dangling, one.dangling_unless_asking, one.whole_endings, one.answers)
        assert all(phrases.phrases for phrases in lists)
        assert one.closings.phrases
        assert one.back_channels.phrases
        assert one.common
        assert one.asking
        assert one.announced
        assert len(one.digits) >= 10

    def test_an_answer_is_finished_and_a_filler_is_not(self, code: str) -> None:
        one = language(code)
        for answer in one.answers.phrases:
            assert sign_of(" ".join(answer), code) is FINISHED
        for filler in one.fillers.phrases - one.answers.phrases:
            assert sign_of(" ".join(filler), code) is UNFINISHED, filler

    def test_a_word_that_dangles_is_unfinished_behind_others(self, code: str) -> None:
        """But where it may end something, which another list says."""
        one = language(code)
        for phrase in one.dangling.phrases:
            if one.whole_endings.end(phrase) or any(len(word) == 1 for word in phrase):
                continue
            if set(phrase) <= one.digits:
                continue
            assert sign_of(" ".join(("123abc", *phrase)), code) is UNFINISHED, phrase
