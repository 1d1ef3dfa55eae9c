"""Settings of keyless sign-in."""

import re
from pathlib import Path
from typing import Any

import pytest

from voxwire.config import load_settings
from voxwire.errors import ConfigurationError

TENANT = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
APPLICATION = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
ENTRA = {"tenant": TENANT, "audience": f"api://{APPLICATION}"}
ISSUER = {"issuer": "https://login.example/realms/ours", "audience": "voxwire"}


def loaded(**auth: Any) -> Any:
    return load_settings(None, {"auth": auth}).auth


def test_entra_is_an_issuer_of_two_versions() -> None:
    (issuer,) = loaded(entra=ENTRA).issuers.values()
    assert issuer.issuers == {
        f"https://login.microsoftonline.com/{TENANT}/v2.0",
        f"https://sts.windows.net/{TENANT}/",
    }
    assert issuer.discovery == f"https://login.microsoftonline.com/{TENANT}/v2.0/.well-known/openid-configuration"
    assert issuer.audiences == (f"api://{APPLICATION}", APPLICATION)
    assert issuer.tenants == (TENANT,)
    assert issuer.algorithms == ("RS256",)
    assert (issuer.subject_claim, issuer.leeway_s) == ("oid", 60)


def test_of_any_issuer() -> None:
    issuer = loaded(oidc={"keycloak": ISSUER}).issuers["keycloak"]
    assert issuer.discovery == "https://login.example/realms/ours/.well-known/openid-configuration"
    assert issuer.issuers == {"https://login.example/realms/ours"}
    slashed = loaded(oidc={"auth0": {**ISSUER, "issuer": "https://us.auth0.example/"}}).issuers["auth0"]
    assert slashed.discovery == "https://us.auth0.example/.well-known/openid-configuration"
    assert slashed.issuers == {"https://us.auth0.example/"}


def test_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_AUTH__ENTRA__TENANT", f"{TENANT.upper()}, {OTHER}")
    monkeypatch.setenv("VOXWIRE_AUTH__ENTRA__AUDIENCE", f"api://{APPLICATION}")
    monkeypatch.setenv("VOXWIRE_AUTH__OIDC__KEYCLOAK__ISSUER", ISSUER["issuer"])
    monkeypatch.setenv("VOXWIRE_AUTH__OIDC__KEYCLOAK__AUDIENCE", '["voxwire", "account"]')
    auth = load_settings().auth
    assert auth.entra is not None
    assert auth.entra.tenant == (TENANT, OTHER)
    assert list(auth.issuers) == ["entra", "keycloak"]
    assert auth.issuers["keycloak"].audiences == ("voxwire", "account")


def test_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "voxwire.toml"
    file.write_text(
        f"""
        [auth.entra]
        tenant = "{TENANT}"
        audience = "api://{APPLICATION}"

        [[auth.entra.assignments]]
        group = "{OTHER}"
        role = "contributor"
        """
    )
    (assignment,) = load_settings(file).auth.issuers["entra"].assignments
    assert (assignment.group, assignment.role, assignment.project) == (OTHER, "contributor", "local")


def test_tokens_are_enough_to_listen_elsewhere() -> None:
    assert load_settings(None, {"server": {"host": "0.0.0.0"}, "auth": {"entra": ENTRA}})


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({"entra": {"tenant": TENANT}}, "say in audience"),
        ({"entra": {**ENTRA, "tenant": "contoso.onmicrosoft.com"}}, "not the id of a tenant"),
        ({"entra": {**ENTRA, "tenant": "common"}}, "not the id of a tenant"),
        ({"entra": {**ENTRA, "tenant": []}}, "auth.entra.tenant"),
        ({"entra": {**ENTRA, "authority": "http://login.example"}}, "https address"),
        ({"entra": {**ENTRA, "audience": "https://cognitiveservices.azure.com"}}, "valid at Azure, too"),
        ({"entra": {**ENTRA, "audience": "7d312290-28c8-473c-a0ed-8e53749b6d6d"}}, "valid at Azure, too"),
        ({"entra": {**ENTRA, "algorithms": "HS256"}}, "auth.entra.algorithms"),
        ({"entra": {**ENTRA, "algorithms": "none"}}, "auth.entra.algorithms"),
        ({"entra": {**ENTRA, "algorithms": []}}, "auth.entra.algorithms"),
        ({"entra": {**ENTRA, "leeway_s": 301}}, "auth.entra.leeway_s"),
        ({"entra": {**ENTRA, "leeway_s": -1}}, "auth.entra.leeway_s"),
        ({"entra": {**ENTRA, "assignments": [{"role": "user"}]}}, "names one thing"),
        ({"entra": {**ENTRA, "assignments": [{"object": "a", "group": "b"}]}}, "names one thing"),
        ({"entra": {**ENTRA, "assignments": [{"object": "a", "role": "king"}]}}, "role"),
        ({"entra": {**ENTRA, "nothing": 1}}, "there is no such setting"),
        ({"oidc": {"x": {"audience": "a"}}}, "auth.oidc.x.issuer"),
        ({"oidc": {"x": {**ISSUER, "issuer": "http://login.example"}}}, "https address"),
        ({"oidc": {"x": {**ISSUER, "issuer": "https://user:secret@login.example"}}}, "https address"),
        ({"oidc": {"x": {**ISSUER, "issuer": "https://login.example/?a=b"}}}, "https address"),
        ({"oidc": {"x": {**ISSUER, "issuer": "https://login.example:x/"}}}, "https address"),
        ({"oidc": {"x": {**ISSUER, "issuer": "login.example"}}}, "https address"),
        ({"oidc": {"x": ISSUER, "y": ISSUER}}, "stands in two tables, x and y"),
        ({"oidc": {"entra": ISSUER}, "entra": ENTRA}, "entra"),
    ],
)
def test_mistakes(auth: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(**auth)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_microsofts_audience_is_meant() -> None:
    issuer = loaded(entra={"tenant": TENANT, "microsoft_audience": True}).issuers["entra"]
    assert "https://cognitiveservices.azure.com" in issuer.audiences
    assert "https://ai.azure.com/" in issuer.audiences


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_plain_http_on_this_machine(host: str) -> None:
    assert loaded(oidc={"dev": {**ISSUER, "issuer": f"http://{host}:8080/realms/dev"}}).issuers


PAGE = (Path(__file__).parents[2] / "docs" / "keyless.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_the_examples_of_the_page_are_valid(example: str, tmp_path: Path) -> None:
    file = tmp_path / "voxwire.toml"
    file.write_text(example)
    assert load_settings(file).auth.issuers
