"""Azure's own identity libraries, Python and JavaScript, at an authority on this machine; then the token here.

Two things differ from Azure: where the authority is, and which certificate it shows.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client_environment import PROGRAMS, ROOT, Address, run_command
from joserfc.jwk import RSAKey
from local_issuer import AUDIENCE, CLIENT, CLIENT_SECRET, TENANT, LocalIssuer, rsa_key
from node_environment import NPM, run_node

from voxwire.testing.live_server import serve_process

PAGE = (ROOT / "docs" / "keyless.md").read_text(encoding="utf-8")
MICROSOFTS = "https://cognitiveservices.azure.com"
#: The name of a tenant of AD FS, whose authority the libraries do not look up at Microsoft's.
ADFS = "adfs"
IN_PYTHON = [
    ("default", ADFS),
    ("default, asynchronous", ADFS),
    ("secret", TENANT),
    ("secret, asynchronous", TENANT),
]
IN_JAVASCRIPT = [("default", ADFS), ("secret", TENANT)]


@pytest.fixture(scope="module")
def running_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIssuer]:
    with LocalIssuer(tmp_path_factory.mktemp("issuer")).running() as issuer:
        yield issuer


@pytest.fixture
def issuer(running_issuer: LocalIssuer) -> LocalIssuer:
    running_issuer.reset()
    running_issuer.granted = {"roles": ["Voxwire.User"], "tid": TENANT}
    return running_issuer


@pytest.fixture(scope="module")
def keyless_address(
    running_issuer: LocalIssuer, tls_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Address]:
    """`voxwire serve` without any key, over TLS. It logs no token, however much it logs."""
    folder = tmp_path_factory.mktemp("keyless")
    config = folder / "voxwire.toml"
    config.write_text(
        f"""
        [logging]
        level = "debug"

        [auth.entra]
        tenant = "{TENANT}"
        audience = "{AUDIENCE}"
        authority = "{running_issuer.url}"
        ca_file = "{running_issuer.ca_file}"

        [auth.oidc.adfs]
        issuer = "{running_issuer.url}/adfs"
        audience = "{AUDIENCE}"
        microsoft_audience = true
        ca_file = "{running_issuer.ca_file}"
        """
    )
    trusted = folder / "trusted.pem"
    trusted.write_bytes(tls_files["authority"].read_bytes() + running_issuer.ca_file.read_bytes())
    files = ("--tls-cert", str(tls_files["certificate"]), "--tls-key", str(tls_files["key"]))
    with serve_process("--config", str(config), *files) as server:
        yield Address(server.url, trusted)
    assert not [line for line in server.output if "eyJ" in line or "Traceback" in line or "ERROR" in line]
    assert [line for line in server.output if "credentials for Azure" in line]


def environment(issuer: LocalIssuer, address: Address, tenant: str, **changes: str) -> dict[str, str]:
    """What a program needs to sign in as a service with a secret."""
    ours = {name: "" for name in os.environ if name.startswith(("AZURE_", "OPENAI_", "IDENTITY_", "MSI_"))}
    trusted = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
    return {
        **ours,
        **dict.fromkeys(trusted, str(address.certificate)),
        "AZURE_AUTHORITY_HOST": issuer.url,
        "AZURE_TENANT_ID": tenant,
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_CLIENT_SECRET": CLIENT_SECRET,
        **changes,
    }


async def python(way: str, address: Address, variables: dict[str, str], audience: str = AUDIENCE) -> Any:
    program = PROGRAMS / "keyless_realtime.py"
    printed = await run_command(sys.executable, program, way, address.url, f"{audience}/.default", variables=variables)
    return json.loads(printed)


async def javascript(way: str, address: Address, variables: dict[str, str], audience: str = AUDIENCE) -> Any:
    program = NPM / "keyless-realtime.js"
    return await run_node(program, way, address.url, f"{audience}/.default", variables=variables)


@pytest.mark.parametrize(("way", "tenant"), IN_PYTHON)
async def test_python_signs_in(way: str, tenant: str, issuer: LocalIssuer, keyless_address: Address) -> None:
    seen = await python(way, keyless_address, environment(issuer, keyless_address, tenant))
    assert "gpt-realtime" in seen["models"]
    assert "84" in seen["text"] or "eighty-four" in seen["text"]


@pytest.mark.parametrize(("way", "tenant"), IN_JAVASCRIPT)
async def test_javascript_signs_in(way: str, tenant: str, issuer: LocalIssuer, keyless_address: Address) -> None:
    seen = await javascript(way, keyless_address, environment(issuer, keyless_address, tenant))
    assert "84" in seen["text"] or "eighty-four" in seen["text"]


@pytest.mark.parametrize("program", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL), ids=["openai", "rtclient"])
async def test_the_programs_of_the_page(
    program: str, issuer: LocalIssuer, keyless_address: Address, tmp_path: Path
) -> None:
    file = tmp_path / "program.py"
    file.write_text(program.replace("https://voxwire.example", keyless_address.url))
    variables = environment(issuer, keyless_address, ADFS)
    assert "realtime" in await run_command(sys.executable, file, variables=variables)


async def test_the_proof_of_a_platform(issuer: LocalIssuer, keyless_address: Address, tmp_path: Path) -> None:
    """Workload identity, as in Kubernetes: a file instead of a secret."""
    proof = tmp_path / "token"
    proof.write_text(CLIENT_SECRET)
    variables = environment(issuer, keyless_address, ADFS, AZURE_FEDERATED_TOKEN_FILE=str(proof))
    del variables["AZURE_CLIENT_SECRET"]
    seen = await python("default", keyless_address, variables)
    assert "gpt-realtime" in seen["models"]


async def test_microsofts_audience(issuer: LocalIssuer, keyless_address: Address) -> None:
    """The scope that programs for Azure ask for: accepted of the issuer where the settings say so, and there alone."""
    accepted = environment(issuer, keyless_address, ADFS)
    assert "gpt-realtime" in (await python("default", keyless_address, accepted, MICROSOFTS))["models"]
    refused = await python("secret", keyless_address, environment(issuer, keyless_address, TENANT), MICROSOFTS)
    assert (refused["status"], refused["code"]) == (401, "invalid_token")
    assert "for another service" in refused["message"]
    assert refused["challenge"].startswith('Bearer error="invalid_token", error_description="')


async def test_without_a_role(issuer: LocalIssuer, keyless_address: Address) -> None:
    issuer.granted = {"tid": TENANT}
    seen = await python("secret", keyless_address, environment(issuer, keyless_address, TENANT))
    assert (seen["status"], seen["code"]) == (403, "permission_denied")
    assert "have no role" in seen["message"]
    refused = await javascript("secret", keyless_address, environment(issuer, keyless_address, TENANT))
    assert "403" in refused["message"]


async def test_another_key_from_now_on(issuer: LocalIssuer, keyless_address: Address) -> None:
    issuer.signing = rsa_key(2)
    issuer.published.append(rsa_key(2).as_dict(private=False))
    seen = await python("secret", keyless_address, environment(issuer, keyless_address, TENANT))
    assert "gpt-realtime" in seen["models"]


async def test_a_forger(issuer: LocalIssuer, keyless_address: Address) -> None:
    """Somebody else's key under the id of the issuer's."""
    issuer.signing = RSAKey.import_key({**rsa_key(3).as_dict(private=True), "kid": "rsa-1"})
    seen = await python("secret", keyless_address, environment(issuer, keyless_address, TENANT))
    assert (seen["status"], seen["code"]) == (401, "invalid_token")
    assert "signature" in seen["message"]
