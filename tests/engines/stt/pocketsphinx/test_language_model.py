"""The trigram model of expected sentences: a proper distribution, in a form that the decoder reads."""

from collections import defaultdict

import pytest

from voxwire.engines.stt.pocketsphinx.language_model import trigram_model

SENTENCES = [
    "what's the weather in boston".split(),
    "what's the weather in san francisco".split(),
    "will it rain in denver".split(),
    "time".split(),
]


class Arpa:
    """Reads an ARPA file and gives probabilities with back-off, as a decoder does."""

    def __init__(self, text: str) -> None:
        self.declared: dict[int, int] = {}
        self.probability: dict[tuple[str, ...], float] = {}
        self.backoff: dict[tuple[str, ...], float] = {}
        order = 0
        for line in text.splitlines():
            if line.startswith("ngram "):
                number, _, count = line[6:].partition("=")
                self.declared[int(number)] = int(count)
            elif line.endswith("-grams:"):
                order = int(line[1])
            elif line and line[0] != "\\":
                probability, *rest = line.split(" ")
                self.probability[tuple(rest[:order])] = 10 ** float(probability)
                if len(rest) > order:
                    self.backoff[tuple(rest[:order])] = 10 ** float(rest[order])
        assert text.rstrip().endswith("\\end\\")

    def p(self, *words: str) -> float:
        if words in self.probability:
            return self.probability[words]
        return self.backoff.get(words[:-1], 1.0) * self.p(*words[1:])


@pytest.fixture(scope="module")
def model() -> Arpa:
    return Arpa(trigram_model(SENTENCES))


def test_the_declared_counts_are_those_written(model: Arpa) -> None:
    written: dict[int, int] = defaultdict(int)
    for key in model.probability:
        written[len(key)] += 1
    assert dict(written) == model.declared


def test_every_history_has_probabilities_that_add_up_to_one(model: Arpa) -> None:
    words = [key[0] for key in model.probability if len(key) == 1 and key != ("<s>",)]
    for history in [("<s>",), ("in",), ("<s>", "what's"), ("weather", "in"), ("rain", "in")]:
        assert sum(model.p(*history, word) for word in words) == pytest.approx(1.0, abs=0.03)


def test_a_sentence_of_the_set_is_far_likelier_than_its_words_shuffled(model: Arpa) -> None:
    def sentence(words: list[str]) -> float:
        padded = ["<s>", *words, "</s>"]
        product = model.p(*padded[:2])
        for three in zip(padded, padded[1:], padded[2:], strict=False):
            product *= model.p(*three)
        return product

    told = "what's the weather in boston".split()
    assert sentence(told) > 1_000 * sentence(told[::-1])
    assert sentence("what's the weather in denver".split()) > 100 * sentence(told[::-1])


def test_what_fills_a_slot_elsewhere_is_reachable_here(model: Arpa) -> None:
    assert model.p("weather", "in", "denver") > 0.01
    assert model.p("weather", "in", "boston") > model.p("weather", "in", "denver") > model.p("weather", "in", "rain")


def test_a_word_that_is_a_whole_sentence_and_repeats(model: Arpa) -> None:
    single = Arpa(trigram_model([["yes"], ["yes"], ["no"]]))
    assert single.p("<s>", "yes") > single.p("<s>", "no") > 0
