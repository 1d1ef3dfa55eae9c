"""Where clients of these tests connect to, and the environments that some of them need."""

import asyncio
import importlib.metadata
import json
import os
import signal
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAMS = HERE / "programs"

KEY = "key-of-the-client-tests"


@dataclass(frozen=True)
class Address:
    """Where a server listens (`http://127.0.0.1:PORT`), and the certificate to trust when it speaks TLS."""

    url: str
    certificate: Path | None = None

    @property
    def ws(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def connection_options(self) -> dict[str, Any]:
        """What the openai library takes as `websocket_connection_options`."""
        return {"ssl": ssl.create_default_context(cafile=str(self.certificate))} if self.certificate else {}

    @property
    def environment(self) -> dict[str, str]:
        """What a program on the command line needs."""
        variables = {"OPENAI_API_KEY": KEY}
        if self.certificate:
            variables["SSL_CERT_FILE"] = variables["NODE_EXTRA_CA_CERTS"] = str(self.certificate)
        return variables


def _environment(name: str) -> Path:
    folder = ROOT / ".venvs" / name
    if not (folder / ".voxwire").exists():  # written when the environment is complete
        pytest.fail(f"The environment of the client {name} is missing. Run ./test, or make test-clients.")
    return folder


def installed_version(distribution: str, environment: str | None = None) -> str:
    """The version of a package as installed there, or in the environment of the tests."""
    if environment is None:
        return importlib.metadata.version(distribution)
    folders = [str(folder) for folder in _environment(environment).glob("lib/python*/site-packages")]
    (found,) = importlib.metadata.distributions(name=distribution, path=folders)
    return found.version


async def run_program(environment: str, program: str | Path, *arguments: str, variables: dict[str, str]) -> Any:
    """What a program prints as JSON, run in the environment made from `envs/NAME.txt`.

    It can import what lies in `programs/`, and is found there if its path is not absolute.
    """
    python = _environment(environment) / "bin" / "python"
    variables = {"PYTHONPATH": str(PROGRAMS), **variables}
    return json.loads(await run_command(python, PROGRAMS / program, *arguments, variables=variables))


async def run_command(*command: str | Path, variables: dict[str, str]) -> str:
    """What a command prints. It must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        process_group=0,  # What it has started ends with it.
    )
    try:
        printed, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()
    assert process.returncode == 0, printed.decode() + complaints.decode()
    return printed.decode()
