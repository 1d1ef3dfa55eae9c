"""A name or a path to what an engine opens; and one sentence where there is nothing."""

import hashlib
import os
from pathlib import Path

import pytest

from voxwire.catalogue import IndexSource, Store, load_catalogue, locate
from voxwire.errors import ConfigurationError

CONTENT = b"weights"
ENTRY = f"""
kind = "stt"
engines = ["whisper"]
about = "A model of the tests"
licence = "MIT"
files = [{{ name = "sub/model.bin", size = {len(CONTENT)}, sha256 = "{hashlib.sha256(CONTENT).hexdigest()}" }}]
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue with `own-model`, which is in the store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXWIRE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("VOXWIRE_CATALOGUE", str(tmp_path / "own-model.toml"))
    (tmp_path / "own-model.toml").write_text(ENTRY)
    file = tmp_path / "models/own-model/sub/model.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return file


def test_a_name_is_a_folder_of_the_store(own: Path) -> None:
    assert locate("own-model", engine="whisper") == own.parent.parent


@pytest.mark.parametrize("path", ["models/own-model", "./models/own-model/sub/model.bin", "own-model.toml"])
def test_a_path_is_what_is_there(path: str) -> None:
    assert locate(path, engine="anything") == Path(path).absolute()


def test_a_path_from_home(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(own.parent))
    assert locate("~/model.bin", engine="whisper") == own


@pytest.mark.parametrize(
    ("reference", "engine", "words"),
    [
        ("./gone", "whisper", "The model of whisper is not there: ./gone."),
        ("whisper-tiny.en", "whisper", "Fetch it with: voxwire models pull whisper-tiny.en"),
        ("own-model", "piper", "is for whisper, not for piper. For it there are: piper-en-us-joe-medium."),
        (
            "own-modle",
            "whisper",
            "There is no model 'own-modle' in the catalogue, and no such file here. Did you mean own",
        ),
        ("tiny", "whisper", "whisper-tiny.en"),
        ("zzz", "whisper", "There is no model 'zzz' in the catalogue, and no such file here. See them:"),
        ("", "whisper", "There is no model ''"),
    ],
)
def test_what_is_not_there_is_one_sentence(reference: str, engine: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        locate(reference, engine=engine)
    assert words in str(refused.value)


class TestContent:
    def test_other_content_is_no_model(self, own: Path) -> None:
        own.write_bytes(b"WEIGHTS")
        with pytest.raises(ConfigurationError, match="models pull own-model"):
            locate("own-model", engine="whisper")

    def test_content_that_changed_later_is_noticed(self, own: Path) -> None:
        locate("own-model", engine="whisper")
        own.write_bytes(b"WEIGHTS")
        os.utime(own, ns=(0, 0))
        assert not Store().has(load_catalogue()["own-model"])

    def test_what_was_verified_and_looks_the_same_is_not_read_again(
        self, own: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        locate("own-model", engine="whisper")
        monkeypatch.setattr("hashlib.file_digest", None)
        assert locate("own-model", engine="whisper")
        os.utime(own)
        with pytest.raises(TypeError):
            locate("own-model", engine="whisper")

    def test_a_store_that_cannot_be_written_can_be_read(self, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(path: Path, data: bytes) -> None:
            raise PermissionError

        monkeypatch.setattr(Path, "write_bytes", refuse)
        assert locate("own-model", engine="whisper")


class TestEntries:
    def test_ours_can_be_read(self) -> None:
        catalogue = load_catalogue()
        assert {"whisper-tiny.en", "whisper-base", "piper-en-us-joe-medium", "smart-turn-v3.2"} <= set(catalogue)
        assert catalogue["gemma-3-270m"].terms == "https://ai.google.dev/gemma/terms"
        assert catalogue["whisper-base"].size == 147_882_941

    def test_make_fetches_the_open_ones_that_the_package_index_has(self) -> None:
        """`make test-engines` names them; one that is missing there would be missing on a new machine."""
        makefile = (Path(__file__).parents[2] / "Makefile").read_text()
        [named] = [line.split()[2:] for line in makefile.splitlines() if line.startswith("WEIGHTS :=")]
        ours = load_catalogue()
        of_the_index = [name for name in ours if any(isinstance(one, IndexSource) for one in ours[name].sources)]
        assert named == [name for name in of_the_index if ours[name].terms is None and name != "own-model"]

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (("kind =", "kinds ="), "kind"),
            (('"stt"', '"ears"'), "ears"),
            (("sub/model.bin", "../model.bin"), "../model.bin"),
            (("sub/model.bin", "/etc/passwd"), "name"),
            (("sub/model.bin", ".voxwire.json"), ".voxwire.json"),
            (('sha256 = "', 'sha256 = "x'), "sha256"),
            (("MIT", ""), "licence"),
            (("kind", "=kind"), "not valid TOML"),
        ],
    )
    def test_a_wrong_one_is_refused_by_name(self, tmp_path: Path, change: tuple[str, str], words: str) -> None:
        (tmp_path / "own-model.toml").write_text(ENTRY.replace(*change, 1))
        with pytest.raises(ConfigurationError) as refused:
            load_catalogue()
        assert "own-model.toml" in str(refused.value)
        assert words in str(refused.value)

    def test_a_folder_of_entries(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "other.toml").write_text(ENTRY)
        (tmp_path / "more" / "whisper-base.toml").write_text(ENTRY)
        monkeypatch.setenv("VOXWIRE_CATALOGUE", str(tmp_path / "more"))
        catalogue = load_catalogue()
        assert "other" in catalogue
        assert catalogue["whisper-base"].about == "A model of the tests"

    @pytest.mark.parametrize(("name", "words"), [("gone.toml", "is not there"), ("Big Name.toml", "small letters")])
    def test_a_wrong_place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
        (tmp_path / "Big Name.toml").write_text(ENTRY)
        monkeypatch.setenv("VOXWIRE_CATALOGUE", str(tmp_path / name))
        with pytest.raises(ConfigurationError, match=words):
            load_catalogue()
