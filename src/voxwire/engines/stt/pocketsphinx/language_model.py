"""A trigram model of the sentences that are expected.

Interpolated absolute discounting (Ney, Essen and Kneser 1994) with continuation counts for single
words (Kneser and Ney 1995): a word that follows many others is likely anywhere, so that a city listed
after "weather in" is also found after "forecast for". Written as an ARPA file, in which the
probability of a seen n-gram already holds its interpolated share.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from math import log10
from typing import Final

#: Share of every count that is given to what was not seen. Half: the sentences are samples of shapes,
#: and speakers mix their parts.
_DISCOUNT: Final = 0.5
_START, _END = "<s>", "</s>"


def trigram_model(sentences: Iterable[list[str]]) -> str:
    """The ARPA text for sentences of at least one word each. 20,000 sentences take about half a second."""
    unigrams: Counter[str] = Counter()
    bigrams: Counter[tuple[str, str]] = Counter()
    trigrams: Counter[tuple[str, str, str]] = Counter()
    for sentence in sentences:
        words = [_START, *sentence, _END]
        unigrams.update(words)
        bigrams.update(pairwise(words))
        trigrams.update(zip(words, words[1:], words[2:], strict=False))

    followers = Counter(first for first, _ in bigrams)
    pair_followers = Counter((first, second) for first, second, _ in trigrams)
    contexts = Counter(second for _, second in bigrams)
    spread = len(bigrams) + 0.5 * len(unigrams)
    single = {word: (contexts[word] + 0.5) / spread for word in unigrams}
    # What a context gives away, and with that the weight of the shorter one behind it.
    rest = {word: _DISCOUNT * count / unigrams[word] for word, count in followers.items()}
    pair_rest = {pair: _DISCOUNT * count / bigrams[pair] for pair, count in pair_followers.items()}
    pair = {
        (first, second): (count - _DISCOUNT) / unigrams[first] + rest[first] * single[second]
        for (first, second), count in bigrams.items()
    }

    lines = ["\\data\\", f"ngram 1={len(single)}", f"ngram 2={len(pair)}", f"ngram 3={len(trigrams)}"]
    lines += ["", "\\1-grams:"]
    for word, probability in single.items():
        line = f"-99 {word}" if word == _START else f"{log10(probability):.4f} {word}"
        lines.append(f"{line} {log10(rest[word]):.4f}" if word in rest else line)
    lines += ["", "\\2-grams:"]
    for key, probability in pair.items():
        line = f"{log10(probability):.4f} {key[0]} {key[1]}"
        lines.append(f"{line} {log10(pair_rest[key]):.4f}" if key in pair_rest else line)
    lines += ["", "\\3-grams:"]
    for (first, second, third), count in trigrams.items():
        before = first, second
        probability = (count - _DISCOUNT) / bigrams[before] + pair_rest[before] * pair[second, third]
        lines.append(f"{log10(probability):.4f} {first} {second} {third}")
    return "\n".join([*lines, "", "\\end\\", ""])
