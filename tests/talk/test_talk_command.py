"""What `voxwire talk` says when something stands in the way: one line, the right exit code."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest
import trustme
from scripted_server import ScriptedServer, listening, parse

Talk = Callable[..., Awaitable[int]]

UNREACHABLE = "http://127.0.0.1:9"  # the discard port, which nobody serves


@pytest.fixture
def complain(talk: Talk, capsys: pytest.CaptureFixture[str]) -> Callable[..., Awaitable[tuple[int, str]]]:
    """Run the command; its exit code and its only line on stderr."""

    async def run(*arguments: object) -> tuple[int, str]:
        code = await talk(*arguments)
        complaints = capsys.readouterr().err.splitlines()
        assert len(complaints) == 1
        assert complaints[0].startswith("voxwire talk: ")
        return code, complaints[0]

    return run


Complain = Callable[..., Awaitable[tuple[int, str]]]


class TestUsage:
    """Nothing is tried: exit code 2."""

    async def test_wrong_question(self, complain: Complain, tmp_path: Path) -> None:
        code, complaint = await complain(tmp_path / "none.wav", "--url", UNREACHABLE)
        assert code == 2
        assert "There is no file" in complaint

    async def test_wrong_tools(self, complain: Complain, tmp_path: Path) -> None:
        assert (await complain("--text", "hi", "--tools", tmp_path, "--url", UNREACHABLE))[0] == 2

    async def test_wrong_place_for_the_answer(self, complain: Complain, tmp_path: Path) -> None:
        code, complaint = await complain("--text", "hi", "-o", tmp_path / "no" / "a.wav", "--url", UNREACHABLE)
        assert (code, "there is no folder" in complaint) == (2, True)
        code, complaint = await complain("--text", "hi", "-o", tmp_path, "--url", UNREACHABLE)
        assert (code, "it is a folder" in complaint) == (2, True)

    async def test_wrong_address(self, complain: Complain) -> None:
        code, complaint = await complain("--text", "hi", "--url", "ftp://h")
        assert (code, "not the address of a server" in complaint) == (2, True)

    async def test_wrong_certificate_file(self, complain: Complain, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("nothing")
        code, complaint = await complain("--text", "hi", "--url", UNREACHABLE, "--ca", tmp_path / "ca.pem")
        assert (code, "not a file of certificates" in complaint) == (2, True)

    async def test_headphones_without_microphone(self, complain: Complain) -> None:
        assert (await complain("--text", "hi", "--headphones", "--url", UNREACHABLE))[0] == 2

    @pytest.mark.parametrize(
        "arguments",
        [[], ["a.wav", "--text", "hi"], ["--mic", "--text", "hi"], ["--text", " "], ["--mic", "--silence-ms", "0"]],
    )
    def test_exactly_one_thing_is_said(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as stop:
            parse(*arguments)
        assert stop.value.code == 2
        assert "error:" in capsys.readouterr().err


class TestConnection:
    """The server cannot be talked to: exit code 1."""

    async def test_nobody_there(self, complain: Complain) -> None:
        code, complaint = await complain("--text", "hi", "--url", UNREACHABLE)
        assert (code, "Cannot reach 127.0.0.1:9: " in complaint) == (1, True)
        assert "refused" in complaint

    async def test_unknown_host(self, complain: Complain) -> None:
        code, complaint = await complain("--text", "hi", "--url", "http://voxwire.invalid")
        assert (code, "Cannot reach voxwire.invalid: " in complaint) == (1, True)

    @pytest.mark.parametrize(
        ("status", "complaint"),
        [
            (401, "refused the key: Wrong."),
            (403, "refused the conversation: Wrong."),
            (404, "has no such deployment: Wrong."),
            (429, "is busy: Wrong."),
            (500, "refused the conversation: Wrong."),
        ],
    )
    async def test_refusals(self, server: ScriptedServer, complain: Complain, status: int, complaint: str) -> None:
        server.refusal = (status, '{"error":{"message":"Wrong."}}')
        assert await complain("--text", "hi", "--url", server.url) == (
            1,
            f"voxwire talk: {server.url.removeprefix('http://')} {complaint}",
        )

    async def test_a_refusal_without_words(self, server: ScriptedServer, complain: Complain) -> None:
        server.refusal = (502, "<html>Bad gateway</html>")
        assert (await complain("--text", "hi", "--url", server.url))[1].endswith("HTTP 502")

    async def test_redirects_are_not_followed(self, server: ScriptedServer, complain: Complain) -> None:
        server.redirect = server.url + "/elsewhere"
        server.refusal = (307, "")
        await complain("--text", "hi", "--url", server.url, "--api-key", "secret")
        assert len(server.requests) == 1

    async def test_tls_spoken_to_a_plain_server(self, server: ScriptedServer, complain: Complain) -> None:
        code, complaint = await complain("--text", "hi", "--url", server.url.replace("http", "https"))
        assert (code, "write http://" in complaint) == (1, True)


class TestKey:
    async def test_goes_to_the_server(self, server: ScriptedServer, dialect: str, talk: Talk) -> None:
        assert await talk("--text", "hi", "--url", server.url, "--api-key", "secret", "--dialect", dialect) == 0
        headers = server.requests[0].headers
        if dialect == "preview":
            assert (headers["api-key"], headers["OpenAI-Beta"]) == ("secret", "realtime=v1")
        else:
            assert headers["Authorization"] == "Bearer secret"

    async def test_comes_from_the_environment(
        self, server: ScriptedServer, talk: Talk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "third")
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "second")
        assert await talk("--text", "hi", "--url", server.url) == 0
        assert server.requests[0].headers["Authorization"] == "Bearer second"


async def test_names_the_deployment(server: ScriptedServer, dialect: str, talk: Talk) -> None:
    assert await talk("--text", "hi", "--url", server.url, "--dialect", dialect, "--deployment", "mine") == 0
    expected = {
        "ga": "/openai/v1/realtime?model=mine",
        "preview": "/openai/realtime?api-version=2025-04-01-preview&deployment=mine",
    }
    assert server.requests[0].path == expected[dialect]


class TestCertificates:
    @pytest.fixture
    async def secure(self, tmp_path: Path) -> AsyncIterator[tuple[ScriptedServer, Path]]:
        """A server with a certificate of its own making, and the authority that signed it."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server = ScriptedServer("ga")
        async with listening(server, context):
            yield server, tmp_path / "ca.pem"

    async def test_trusted_when_named(self, secure: tuple[ScriptedServer, Path], talk: Talk) -> None:
        server, certificate = secure
        assert await talk("--text", "hi", "--url", server.url, "--ca", certificate) == 0

    async def test_refused_otherwise(self, secure: tuple[ScriptedServer, Path], complain: Complain) -> None:
        code, complaint = await complain("--text", "hi", "--url", secure[0].url)
        assert (code, "name its file by --ca" in complaint) == (1, True)

    @pytest.mark.parametrize(
        ("name", "until", "reason"),
        [("127.0.0.1", 2021, "certificate has expired."), ("example.org", None, "not valid for '127.0.0.1'.")],
    )
    async def test_refused_for_what_no_authority_mends(
        self, tmp_path: Path, complain: Complain, name: str, until: int | None, reason: str
    ) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        expiry = None if until is None else datetime(until, 1, 1)
        authority.issue_cert(name, not_after=expiry).configure_cert(context)
        server = ScriptedServer("ga")
        async with listening(server, context):
            code, complaint = await complain("--text", "hi", "--url", server.url, "--ca", tmp_path / "ca.pem")
        assert (code, reason in complaint, "--ca" in complaint) == (1, True, False)


async def test_output_into_a_closed_pipe_is_no_traceback(server: ScriptedServer) -> None:
    command = f"{sys.executable} -m voxwire talk --text hi --url {server.url} | true"
    process = await asyncio.create_subprocess_shell(command, stderr=asyncio.subprocess.PIPE)
    _, complaints = await process.communicate()
    assert complaints == b""
