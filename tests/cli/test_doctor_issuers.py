"""`voxwire doctor`: can the tokens of the settings' issuers be checked from here?"""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from local_issuer import AUDIENCE, TENANT, LocalIssuer

from voxwire.cli import main
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import FakeVad


@pytest.fixture(scope="module")
def running_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIssuer]:
    with LocalIssuer(tmp_path_factory.mktemp("issuer")).running() as issuer:
        yield issuer


@pytest.fixture
def issuer(running_issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> LocalIssuer:
    """The issuer, and fake engines of every deployment."""

    def load(kind: str, name: str, options: Mapping[str, Any]) -> Any:
        return {"stt": FakeStt, "llm": FakeLlm, "tts": FakeTts, "vad": FakeVad}[kind]()

    monkeypatch.setattr("voxwire.server.build.load", load)
    running_issuer.reset()
    return running_issuer


def examined(
    issuer: LocalIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str = ""
) -> tuple[int, list[str]]:
    """Exit code, and what is said of the issuers, each in one line."""
    file = tmp_path / "voxwire.toml"
    file.write_text(
        f"""
        [auth.entra]
        tenant = "{TENANT}"
        audience = "{AUDIENCE}"
        authority = "{issuer.url}"
        ca_file = "{issuer.ca_file}"
        {more}
        """
    )
    code = main(["doctor", "--config", str(file)])
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 140  # an address is never cut
    said = printed.partition("Asking the issuers of tokens ...\n")[2]
    return code, said.replace("\n        ", " ").splitlines()


def test_keys_and_clock(issuer: LocalIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, (line,) = examined(issuer, tmp_path, capsys)
    assert code == 0
    assert line.startswith("ok      entra: 1 keys for RS256; its clock is ")


@pytest.mark.parametrize(("ahead", "words"), [(900, "ahead of"), (-900, "behind")])
def test_a_clock_that_is_wrong(
    issuer: LocalIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str], ahead: float, words: str
) -> None:
    issuer.clock_ahead_s = ahead
    code, (line,) = examined(issuer, tmp_path, capsys)
    assert code == 1
    assert line.startswith("failed  entra: its clock is ")
    assert f"s {words} this machine's, more than leeway_s allows (60 s): set the clock" in line


def test_one_of_several_that_is_not_there(
    issuer: LocalIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"https://localhost:{nobody.getsockname()[1]}/realms/ours"
        more = f'[auth.oidc.keycloak]\nissuer = "{address}"\naudience = "voxwire"\n'
        code, lines = examined(issuer, tmp_path, capsys, more)
    assert code == 1
    assert lines[0].startswith("ok      entra: ")
    assert lines[1].startswith(f"failed  keycloak: {address}/.well-known/openid-configuration cannot be read: ")


def test_an_issuer_that_is_somebody_else(
    issuer: LocalIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    issuer.answers["/openid-configuration"] = (200, {}, b'{"issuer": "https://login.example/"}')
    code, (line,) = examined(issuer, tmp_path, capsys)
    assert code == 1
    assert "says that the issuer is 'https://login.example/'" in line


def test_without_issuers_nothing_is_asked(
    issuer: LocalIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "voxwire.toml"
    file.write_text("")
    assert main(["doctor", "--config", str(file)]) == 0
    assert "issuers" not in capsys.readouterr().out
