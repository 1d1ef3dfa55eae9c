"""What somebody who has signed in may do."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from local_issuer import CLIENT, LocalIssuer

from voxwire.auth.oidc import OidcSource
from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole, Principal

MakeSource = Callable[..., OidcSource]
OBJECT = "00000000-1111-4222-8333-444444444444"
GROUP = "22222222-1111-4222-8333-444444444444"


@dataclass
class Given:
    role: str
    project: str


class Stored:
    """What `StoredRoles` has in memory."""

    def __init__(self) -> None:
        self.assigned: dict[tuple[str, str], list[Given]] = {}

    def of(self, kind: str, subject: str) -> Sequence[Given]:
        return self.assigned.get((kind, subject), ())


@pytest.fixture
def signed_in(issuer: LocalIssuer, make_source: MakeSource) -> Callable[..., Any]:
    """`await signed_in(settings, **claims)`: who that is. No role comes with the token unless it is said."""

    async def sign_in(settings: dict[str, Any], stored: Any = None, **claims: Any) -> Principal | None:
        source = make_source({"entra": {**issuer.entra, **settings}}, stored)
        return await source.identify(issuer.token(**{"roles": None, **claims}))

    return sign_in


ROLES = [
    ("Voxwire.User", "user"),
    ("Voxwire.Reader", "reader"),
    ("Voxwire.Contributor", "contributor"),
    ("Voxwire.Owner", "owner"),
]


class TestClaims:
    @pytest.mark.parametrize(("name", "role"), ROLES)
    async def test_roles_of_an_application(self, signed_in: Any, name: str, role: str) -> None:
        assert (await signed_in({}, roles=[name, "Something.Else"])).roles == {AccessRole(role)}

    async def test_scopes(self, signed_in: Any) -> None:
        assert (await signed_in({}, scp="openid Voxwire.User profile")).roles == {AccessRole.USER}

    async def test_several(self, signed_in: Any) -> None:
        principal = await signed_in({}, roles=["Voxwire.User", "Voxwire.Reader"])
        assert principal.roles == {AccessRole.USER, AccessRole.READER}

    async def test_names_of_ones_own(self, signed_in: Any) -> None:
        settings = {"roles": {"voice-team": "user", "Cognitive Services OpenAI User": "user"}, "project": "support"}
        assert (await signed_in(settings, roles=["voice-team"])).project == "support"
        assert (await signed_in(settings, roles=["Cognitive Services OpenAI User"])).roles == {AccessRole.USER}

    async def test_elsewhere(self, signed_in: Any) -> None:
        settings = {"role_claims": "realm_access.roles,https://us.example/roles", "roles": {"talker": "user"}}
        assert await signed_in(settings, realm_access={"roles": ["talker"]})
        assert await signed_in(settings, **{"https://us.example/roles": ["talker"]})
        for other in ({"roles": ["talker"]}, {"realm_access": ["talker"]}, {"realm_access": {"roles": {"talker": 1}}}):
            with pytest.raises(RequestRefused):
                await signed_in(settings, **other)

    @pytest.mark.parametrize(
        "value", [None, "", [], "voxwire.user", "Voxwire.user", ["user"], [1, {}], {"Voxwire.User": 1}, True]
    )
    async def test_other_values_give_nothing(self, signed_in: Any, value: Any) -> None:
        with pytest.raises(RequestRefused) as caught:
            await signed_in({}, roles=value)
        assert caught.value.status == 403


class TestAssignments:
    @pytest.mark.parametrize(
        ("whom", "claims"),
        [
            ({"object": OBJECT}, {}),
            ({"group": GROUP}, {"groups": ["other", GROUP]}),
            ({"app": CLIENT}, {"appid": CLIENT}),
            ({"app": CLIENT}, {"azp": CLIENT}),
            ({"app": CLIENT}, {"client_id": CLIENT}),
        ],
    )
    async def test_of_the_settings(self, signed_in: Any, whom: dict[str, str], claims: dict[str, Any]) -> None:
        settings = {"assignments": [{**whom, "role": "contributor", "project": "support"}]}
        principal = await signed_in(settings, **claims)
        assert principal.roles == {AccessRole.CONTRIBUTOR}
        assert principal.project == "support"
        other = {name: "somebody-else" for name in ("oid", "appid")} | {"groups": ["other"]}
        with pytest.raises(RequestRefused):
            await signed_in(settings, **other)

    async def test_an_id_counts_in_its_own_place_alone(self, signed_in: Any) -> None:
        with pytest.raises(RequestRefused):
            await signed_in({"assignments": [{"group": OBJECT}]}, appid=OBJECT)
        with pytest.raises(RequestRefused):
            await signed_in({"assignments": [{"object": GROUP}]}, groups=[GROUP])

    async def test_the_nearest_decides_the_project(self, signed_in: Any) -> None:
        assignments = [
            {"group": GROUP, "role": "reader", "project": "everybody"},
            {"app": CLIENT, "role": "owner", "project": "tools"},
            {"object": OBJECT, "role": "user", "project": "own"},
            {"object": OBJECT, "role": "reader", "project": "own"},
        ]
        principal = await signed_in({"assignments": assignments}, groups=[GROUP], azp=CLIENT, roles=["Voxwire.Owner"])
        assert principal.project == "own"
        assert principal.roles == {AccessRole.USER, AccessRole.READER}

    @pytest.mark.parametrize(
        ("kind", "id"), [("user", OBJECT), ("group", GROUP), ("application", CLIENT)], ids=["user", "group", "app"]
    )
    async def test_of_the_store_count_at_once(
        self, issuer: LocalIssuer, make_source: MakeSource, kind: str, id: str
    ) -> None:
        stored = Stored()
        source = make_source({"entra": issuer.entra}, stored)
        token = issuer.token(roles=None, groups=["other", GROUP], azp=CLIENT)
        with pytest.raises(RequestRefused):
            await source.identify(token)
        stored.assigned[kind, id] = [Given("owner", "support")]
        principal = await source.identify(token)
        assert principal is not None
        assert (principal.roles, principal.project) == ({AccessRole.OWNER}, "support")
        stored.assigned.clear()
        with pytest.raises(RequestRefused):
            await source.identify(token)

    async def test_of_the_store_name_the_issuer_unless_it_is_entra(
        self, issuer: LocalIssuer, make_source: MakeSource
    ) -> None:
        """Whom another issuer calls the same has no part in it."""
        stored = Stored()
        source = make_source({"oidc": {"local": issuer.settings}}, stored)
        token = issuer.token(roles=None, sub="1")
        stored.assigned["user", "1"] = stored.assigned["user", "other:1"] = [Given("owner", "local")]
        with pytest.raises(RequestRefused):
            await source.identify(token)
        stored.assigned["user", "local:1"] = [Given("reader", "local")]
        principal = await source.identify(token)
        assert principal is not None
        assert principal.roles == {AccessRole.READER}


class TestWithoutARole:
    async def test_refused_with_what_to_do(self, signed_in: Any, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING, "voxwire"), pytest.raises(RequestRefused) as caught:
            await signed_in({})
        refusal = caught.value
        assert (refusal.status, refusal.code) == (403, "permission_denied")
        assert "Ask who runs it for one" in refusal.message
        assert dict(refusal.headers)["www-authenticate"].startswith('Bearer error="insufficient_scope"')
        assert OBJECT not in refusal.message
        (line,) = (record.getMessage() for record in caplog.records if "no role" in record.getMessage())
        assert f"issuer=entra object={OBJECT}" in line
        assert line.split()[3].rstrip(":") in refusal.message  # so that the operator finds it

    @pytest.mark.parametrize("subject", ["zoe@example.com", "a b", "x\nERROR: forged", "ü", "x" * 200])
    async def test_nobodys_address_is_logged(
        self, issuer: LocalIssuer, make_source: MakeSource, subject: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        source = make_source({"oidc": {"local": issuer.settings}})
        with caplog.at_level(logging.DEBUG), pytest.raises(RequestRefused):
            await source.identify(issuer.token(roles=None, sub=subject))
        assert "object=(not shown)" in caplog.text
        assert subject not in caplog.text

    async def test_everybody_may_have_one(self, signed_in: Any) -> None:
        assert (await signed_in({"default_role": "user"})).roles == {AccessRole.USER}
        assert (await signed_in({"default_role": "user"}, roles=["Voxwire.Reader"])).roles == {AccessRole.READER}
