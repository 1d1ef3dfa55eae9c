"""Tokens and words."""

from pathlib import Path

import pytest

from voxwire.engines.stt.whisper.alignment import timed
from voxwire.engines.stt.whisper.messages import HeardWord
from voxwire.engines.stt.whisper.whisper_languages import ALL, languages_of, plain_code
from voxwire.engines.stt.whisper.whisper_tokens import Tokens
from voxwire.errors import ConfigurationError
from voxwire.testing.tiny_whisper import tiny_whisper

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_whisper(tmp_path_factory.mktemp("models") / "tiny.en")


@pytest.fixture(scope="module")
def tokens(folder: Path) -> Tokens:
    return Tokens(folder, ALL)


def spelt(tokens: Tokens, text: str) -> list[int]:
    """A token for each byte."""
    return tokens.hints(f"x{text}", 1_000)[3:]


def test_words_begin_with_a_space(tokens: Tokens) -> None:
    words = tokens.words(spelt(tokens, " To be, or not"), "en")
    assert [word.text for word in words] == [" To", " be,", " or", " not"]
    assert [len(word.tokens) for word in words] == [3, 4, 3, 4]


def test_where_no_spaces_are_written_each_character_is_a_word(tokens: Tokens) -> None:
    words = tokens.words(spelt(tokens, "今日は。"), "ja")
    assert [word.text for word in words] == ["今", "日", "は。"]
    assert [word.text for word in tokens.words(spelt(tokens, "今日は。"), "en")] == ["今日は。"]


@pytest.mark.parametrize("text", ["naïve", "今日は", "😀!", "Ünïcödé"])
def test_a_character_of_several_tokens_stays_whole(tokens: Tokens, text: str) -> None:
    ids = spelt(tokens, text)
    assert len(ids) == len(text.encode())
    assert [tokens.text(piece) for piece in tokens.characters(ids)] == list(text)


def test_bytes_that_are_no_character_do_not_hide_what_follows(tokens: Tokens) -> None:
    broken = spelt(tokens, "é")[:1]
    assert "".join(
        word.text for word in tokens.words([*spelt(tokens, " a"), *broken, *spelt(tokens, " be")], "en")
    ) == (" a be")


def test_the_pieces_with_their_chances_are_the_word(tokens: Tokens) -> None:
    (word,) = tokens.words(spelt(tokens, " né"), "en")
    chances = tokens.chances(word, iter([0.5, 1.0, 0.25, 0.5]))
    assert [chance.text for chance in chances] == [" ", "n", "é"]
    assert [round(chance.logprob, 2) for chance in chances] == [-0.69, 0.0, -2.08]


def test_a_chance_of_nothing_has_a_logarithm(tokens: Tokens) -> None:
    assert tokens.chances(HeardWord("a", spelt(tokens, "a")), iter([0.0]))[0].logprob < -20


def test_an_opening_names_the_language_where_there_are_several(tokens: Tokens) -> None:
    assert len(tokens.opening(None)) == 1
    assert tokens.opening("nl") != tokens.opening("de")
    assert len(tokens.opening("nl")) == 3


def test_hints_are_bounded(tokens: Tokens) -> None:
    assert tokens.hints(" \n", 10) == []
    assert len(tokens.hints("a" * 1_000, 10)) == 11


def test_times_follow_each_other_and_stay_where_there_is_sound() -> None:
    words = [HeardWord(" a", [1]), HeardWord(" bc", [2, 3]), HeardWord(" d", [4])]
    path = [(0, 0), (0, 1), (1, 10), (2, 15), (3, 30), (4, 80)]
    assert [(word.start_ms, word.end_ms) for word in timed(words, path, (60.0, 900.0))] == [
        (60.0, 200.0),
        (200.0, 600.0),
        (600.0, 900.0),
    ]


@pytest.mark.parametrize(
    ("tag", "code"), [("en", "en"), ("en-US", "en"), ("pt_BR", "pt"), ("NB", "no"), ("jv", "jw"), ("yue", "yue")]
)
def test_a_language_tag(tag: str, code: str) -> None:
    assert plain_code(tag) == code


def test_languages_before_a_model_is_loaded(tmp_path: Path) -> None:
    assert languages_of("whisper-tiny.en") == ("en",)
    assert languages_of("whisper-base") == ALL
    assert languages_of(str(tmp_path / "own.en")) == ("en",)
    assert languages_of(str(tmp_path)) == ALL
    (tmp_path / "vocabulary.json").write_text("[" + ",".join(["0"] * 51_864) + "]")
    assert languages_of(str(tmp_path)) == ("en",)
    (tmp_path / "vocabulary.txt").write_text("word\n" * 51_865)
    assert languages_of(str(tmp_path)) == ALL


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b'{"version": "1.0"}'])
def test_a_tokenizer_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"tokenizer\.json in .* cannot be read"):
        Tokens(tmp_path, ALL)


def test_a_tokenizer_of_something_else(folder: Path, tmp_path: Path) -> None:
    text = (folder / "tokenizer.json").read_text(encoding="utf-8").replace("<|notimestamps|>", "<|other|>")
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="not one of Whisper's"):
        Tokens(tmp_path, ALL)
