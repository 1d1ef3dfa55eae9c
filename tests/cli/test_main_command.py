"""The command `voxwire` itself."""

import argparse
import subprocess
import sys

import pytest

import voxwire
from voxwire import cli
from voxwire.cli import main
from voxwire.errors import ConfigurationError


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    for command in ("serve", "talk", "doctor"):
        assert f"    {command} " in out


@pytest.mark.parametrize("command", ["serve", "talk", "doctor"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"voxwire {command}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["sing"], ["serve", "--sing"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: voxwire" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"voxwire {voxwire.__version__}\n"


def test_module_is_the_command() -> None:
    result = subprocess.run([sys.executable, "-m", "voxwire", "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"voxwire {voxwire.__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, voxwire.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    loaded = run_python(code).splitlines()[-1].split()
    assert "voxwire.cli" in loaded
    assert not {"numpy", "asyncio", "starlette", "pydantic", "msgspec"} & set(loaded)


def test_blas_is_told_before_numpy_loads() -> None:
    code = "import os, voxwire.cli as c\nc._parser = lambda typed: __import__('argparse').ArgumentParser()\n"
    code += "try: c.main([])\nexcept AttributeError: pass\nprint(os.environ['OPENBLAS_NUM_THREADS'])"
    assert run_python(code) == "1\n"


class TestEndings:
    """How a command's end becomes an exit code."""

    @pytest.fixture
    def ends_with(self, monkeypatch: pytest.MonkeyPatch) -> object:
        def install(outcome: int | BaseException) -> None:
            def run(args: argparse.Namespace) -> int:
                if isinstance(outcome, BaseException):
                    raise outcome
                return outcome

            parser = argparse.ArgumentParser()
            parser.set_defaults(run=run, command="serve")
            monkeypatch.setattr(cli, "_parser", lambda typed: parser)

        return install

    @pytest.mark.parametrize(
        ("outcome", "code", "said"),
        [
            (0, 0, ""),
            (3, 3, ""),
            (ConfigurationError("No."), 1, "voxwire serve: No.\n"),
            (KeyboardInterrupt(), 130, ""),
        ],
    )
    def test_exit_code(
        self,
        ends_with: object,
        outcome: int | BaseException,
        code: int,
        said: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        ends_with(outcome)  # type: ignore[operator]
        assert main([]) == code
        assert capsys.readouterr().err == said

    def test_a_reader_that_has_seen_enough(self) -> None:
        """`voxwire doctor | head -0` is no traceback."""
        code = "import sys, voxwire.cli.doctor as d, voxwire.cli as c\n"
        code += "d.CHECKS = (d.Check('a', 'b', lambda: 'c' * 100_000),)\nsys.exit(c.main(['doctor']))"
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == ""
            assert process.wait(20) == 1


@pytest.mark.parametrize(
    "typed",
    [
        ["deployments", "create", "shop", "--reason", "caf\udce9"],
        ["sessions", "list", "--end-user", "caf\udce9"],
        ["prompts", "create", "clerk", "--text", "Hi.", "--reason", "caf\udce9"],
    ],
    ids=lambda typed: typed[0],
)
def test_text_in_another_encoding_is_refused(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is not UTF-8 cannot be stored, and a list that holds it could not be given out."""
    assert main(typed) == 1
    assert "Is it UTF-8?" in capsys.readouterr().err
