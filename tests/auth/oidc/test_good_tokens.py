"""Tokens that open the door, and who comes in with them."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from local_issuer import APPLICATION, AUDIENCE, OTHER_TENANT, TENANT, LocalIssuer, ec_key, rsa_key

from voxwire.auth.oidc import OidcSource
from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole
from voxwire.testing.scripted_clock import ScriptedClock

MakeSource = Callable[..., OidcSource]


async def refusal(source: OidcSource, token: str) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        await source.identify(token)
    assert token not in caught.value.message
    return caught.value


async def test_it_is_of_somebody_with_a_name_of_ours(source: OidcSource, issuer: LocalIssuer) -> None:
    token = issuer.token(sub="zoe@example.com", email="zoe@example.com")
    principal = await source.identify(token)
    assert principal is not None
    assert principal.roles == {AccessRole.USER}
    assert principal.project == "local"
    assert principal.id.startswith("oidc-")
    assert "zoe" not in principal.id
    again = await source.identify(issuer.token(sub="zoe@example.com", jti="another token"))
    assert again == principal
    other = await source.identify(issuer.token(sub="subject-of-ada"))
    assert other is not None
    assert other.id != principal.id


async def test_the_same_id_at_another_issuer_is_somebody_else(issuer: LocalIssuer, make_source: MakeSource) -> None:
    second = {**issuer.settings, "issuer": f"{issuer.url}/other"}
    source = make_source({"oidc": {"first": issuer.settings, "second": second}})
    one = await source.identify(issuer.token(sub="1"))
    other = await source.identify(issuer.token(sub="1", iss=second["issuer"]))
    assert one is not None
    assert other is not None
    assert one.id != other.id


@pytest.mark.parametrize(
    "text", ["", "key", "a.b.c", "eyJ.x.y", "eyJhIjoxfQ.eyJhIjoxfQ.", "ek_eyJhIjoxfQ.e30.x", "ü.ü.ü", "\udc80"]
)
async def test_other_texts_are_for_other_sources(source: OidcSource, issuer: LocalIssuer, text: str) -> None:
    assert await source.identify(text) is None
    assert not issuer.asked


async def test_so_are_tokens_whose_issuer_is_no_address(source: OidcSource, issuer: LocalIssuer) -> None:
    """The development identity's are like that."""
    assert await source.identify(issuer.token(iss="voxwire-dev-identity")) is None


class TestRemembering:
    async def test_the_issuer_is_asked_once(self, source: OidcSource, issuer: LocalIssuer) -> None:
        for number in range(5):
            assert await source.identify(issuer.token(jti=str(number)))
        assert sorted(issuer.asked.values()) == [1, 1]

    async def test_a_token_is_checked_once(
        self, source: OidcSource, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        checked: list[None] = []
        verify = "voxwire.auth.oidc.issuer.jws.deserialize_compact"
        from joserfc.jws import deserialize_compact

        monkeypatch.setattr(
            verify, lambda *given, **named: (checked.append(None), deserialize_compact(*given, **named))
        )
        token = issuer.token()
        first, second = await source.identify(token), await source.identify(token)
        assert first == second
        assert len(checked) == 1

    async def test_until_it_expires(self, source: OidcSource, issuer: LocalIssuer, wall: ScriptedClock) -> None:
        token = issuer.token(exp=int(wall.now) + 100)
        assert await source.identify(token)
        wall.advance(159)  # a minute of leeway
        assert await source.identify(token)
        wall.advance(2)
        assert "expired" in (await refusal(source, token)).message

    async def test_until_its_key_is_withdrawn(
        self, source: OidcSource, issuer: LocalIssuer, monotonic: ScriptedClock
    ) -> None:
        old = issuer.token()
        assert await source.identify(old)
        issuer.rotate(2)
        assert await source.identify(issuer.token())  # its key is not known, so the issuer is asked
        assert "does not publish" in (await refusal(source, old)).message

    async def test_not_more_than_can_be_kept(
        self, source: OidcSource, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("voxwire.auth.oidc.oidc_source._MOST_KNOWN", 3)
        for number in range(10):
            assert await source.identify(issuer.token(jti=str(number)))
        assert len(source._known) == 3


class TestEntra:
    @pytest.fixture
    def entra(self, issuer: LocalIssuer, make_source: MakeSource) -> OidcSource:
        return make_source({"entra": issuer.entra})

    async def test_both_versions_name_the_same_person(self, entra: OidcSource, issuer: LocalIssuer) -> None:
        one = await entra.identify(issuer.token(iss=f"https://sts.windows.net/{TENANT}/", ver="1.0", sub="pairwise-1"))
        two = await entra.identify(issuer.token(iss=issuer.issuer, aud=APPLICATION, ver="2.0", sub="pairwise-2"))
        assert one is not None
        assert one == two

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"iss": f"https://sts.windows.net/{OTHER_TENANT}/"}, "does not accept access tokens of"),
            ({"iss": f"https://sts.windows.net/{TENANT}"}, "does not accept access tokens of"),
            ({"tid": OTHER_TENANT}, "of a tenant that this server does not accept"),
            ({"tid": None}, "of a tenant that this server does not accept"),
            ({"oid": None}, "'oid' of the access token is missing"),
            ({"oid": 1}, "'oid' of the access token is missing"),
            ({"aud": "https://cognitiveservices.azure.com"}, "for another service"),
        ],
    )
    async def test_others_are_refused(
        self, entra: OidcSource, issuer: LocalIssuer, changes: dict[str, Any], said: str
    ) -> None:
        refused = await refusal(entra, issuer.token(**changes))
        assert (refused.status, refused.code) == (401, "invalid_token")
        assert said in refused.message

    async def test_several_tenants(self, issuer: LocalIssuer, make_source: MakeSource) -> None:
        source = make_source({"entra": {**issuer.entra, "tenant": [TENANT, OTHER_TENANT]}})
        for tenant in (TENANT, OTHER_TENANT):
            for iss in (f"{issuer.url}/{tenant}/v2.0", f"https://sts.windows.net/{tenant}/"):
                assert await source.identify(issuer.token(iss=iss, tid=tenant.upper()))

    async def test_microsofts_audience_is_accepted_on_request_alone(
        self, issuer: LocalIssuer, make_source: MakeSource, caplog: pytest.LogCaptureFixture
    ) -> None:
        source = make_source({"entra": {**issuer.entra, "microsoft_audience": True}})
        with caplog.at_level(logging.WARNING, "voxwire"):
            source.start()
        assert "credentials for Azure" in caplog.text
        for audience in (
            "https://cognitiveservices.azure.com",
            "https://cognitiveservices.azure.com/",
            "7d312290-28c8-473c-a0ed-8e53749b6d6d",
            "https://ai.azure.com",
            AUDIENCE,
        ):
            assert await source.identify(issuer.token(aud=audience))


class TestSignatures:
    async def test_of_a_curve(self, issuer: LocalIssuer, make_source: MakeSource) -> None:
        issuer.signing = ec_key(1)
        issuer.published.append(ec_key(1).as_dict(private=False))
        source = make_source({"oidc": {"local": {**issuer.settings, "algorithms": "RS256,ES256"}}})
        assert await source.identify(issuer.token())

    @pytest.mark.parametrize("algorithm", ["RS512", "PS256"])
    async def test_of_other_algorithms_where_the_settings_say_so(
        self, issuer: LocalIssuer, make_source: MakeSource, algorithm: str
    ) -> None:
        token = issuer.token({"alg": algorithm})
        source = make_source({"oidc": {"local": {**issuer.settings, "algorithms": [algorithm]}}})
        assert await source.identify(token)
        usual = make_source({"oidc": {"local": issuer.settings}})
        assert "in a way that this server does not accept" in (await refusal(usual, token)).message

    async def test_without_the_id_of_a_key_that_is_the_only_one(self, source: OidcSource, issuer: LocalIssuer) -> None:
        assert await source.identify(issuer.token({"kid": None}))

    async def test_but_not_where_there_are_several(self, source: OidcSource, issuer: LocalIssuer) -> None:
        issuer.published.append(rsa_key(2).as_dict(private=False))
        assert "does not publish" in (await refusal(source, issuer.token({"kid": None}))).message

    async def test_one_id_for_two_keys(self, source: OidcSource, issuer: LocalIssuer) -> None:
        second = {**rsa_key(2).as_dict(private=False), "kid": "rsa-1"}
        issuer.published.insert(0, second)
        assert await source.identify(issuer.token())


class TestRotation:
    async def test_a_new_key_is_found(self, source: OidcSource, issuer: LocalIssuer) -> None:
        assert await source.identify(issuer.token())
        issuer.rotate(2)
        assert await source.identify(issuer.token())

    async def test_the_next_one_after_five_minutes(
        self, source: OidcSource, issuer: LocalIssuer, monotonic: ScriptedClock
    ) -> None:
        assert await source.identify(issuer.token())
        issuer.rotate(2)
        assert await source.identify(issuer.token())
        issuer.rotate(3)
        assert (await refusal(source, issuer.token())).status == 401
        monotonic.advance(300)
        assert await source.identify(issuer.token())

    async def test_keys_are_asked_for_once_a_day(
        self, source: OidcSource, issuer: LocalIssuer, monotonic: ScriptedClock
    ) -> None:
        old = issuer.token()
        assert await source.identify(old)
        issuer.rotate(2)
        monotonic.advance(24 * 3600)
        assert "does not publish" in (await refusal(source, issuer.token({"kid": "rsa-1"}, jti="x"))).message
        assert await source.identify(issuer.token())

    async def test_an_hour_earlier_without_anybody_waiting(
        self, source: OidcSource, issuer: LocalIssuer, monotonic: ScriptedClock
    ) -> None:
        first, second, third = (issuer.token(jti=str(number)) for number in range(3))
        assert await source.identify(first)
        issuer.rotate(2)
        monotonic.advance(23 * 3600)
        assert await source.identify(second)  # the old key serves while the new ones are on their way
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "keys of local"))
        assert "does not publish" in (await refusal(source, third)).message


class TestIssuerDown:
    async def test_from_the_start(
        self, issuer: LocalIssuer, make_source: MakeSource, monotonic: ScriptedClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        issuer.answers["/discovery/keys"] = (503, {}, b"")
        source = make_source({"oidc": {"local": issuer.settings}})
        source.start()
        token = issuer.token()
        refused = await refusal(source, token)
        assert (refused.status, refused.code) == (503, "issuer_unavailable")
        assert "issuer (local)" in refused.message
        assert dict(refused.headers) == {"retry-after": "5"}
        assert "/discovery/keys answers 503" in caplog.text
        issuer.answers.clear()
        for _ in range(10):  # whoever comes in the next seconds is not another try
            assert (await refusal(source, token)).status == 503
        assert issuer.asked["/discovery/keys"] == 1
        monotonic.advance(5)
        assert await source.identify(token)

    async def test_later(
        self, source: OidcSource, issuer: LocalIssuer, monotonic: ScriptedClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert await source.identify(issuer.token())
        issuer.answers[""] = (500, {}, b"")
        for number in range(5):
            monotonic.advance(30 * 3600)
            assert await source.identify(issuer.token(jti=str(number)))
        assert "the keys that are known serve on" in caplog.text

    async def test_for_a_key_that_nobody_knows(self, source: OidcSource, issuer: LocalIssuer) -> None:
        assert await source.identify(issuer.token())
        issuer.answers[""] = (500, {}, b"")
        assert (await refusal(source, issuer.token({"kid": "new"}))).status == 401
        assert await source.identify(issuer.token(jti="2"))


class TestTimes:
    @pytest.mark.parametrize(("late", "good"), [(-1, True), (59, True), (60, False), (1000, False)])
    async def test_of_the_end(
        self, source: OidcSource, issuer: LocalIssuer, wall: ScriptedClock, late: int, good: bool
    ) -> None:
        token = issuer.token(exp=int(wall.now) - late)
        if good:
            assert await source.identify(token)
        else:
            assert "has expired" in (await refusal(source, token)).message

    @pytest.mark.parametrize("claim", ["nbf", "iat"])
    @pytest.mark.parametrize(("early", "good"), [(60, True), (62, False), (10_000, False)])
    async def test_of_the_beginning(
        self, source: OidcSource, issuer: LocalIssuer, wall: ScriptedClock, claim: str, early: int, good: bool
    ) -> None:
        token = issuer.token(**{claim: int(wall.now) + early})
        if good:
            assert await source.identify(token)
        else:
            assert "not valid yet" in (await refusal(source, token)).message
