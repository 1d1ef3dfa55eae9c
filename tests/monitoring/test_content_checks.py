"""Checks by name, and policies of them: what is wrong with one is one sentence."""

import time

import pytest

from voxwire.config import load_settings
from voxwire.errors import ConfigurationError
from voxwire.monitoring.clauses_out import ClausesOut
from voxwire.monitoring.content_checks import LooksAtOnce, make_check
from voxwire.server.build import build_service
from voxwire.server.monitored import check_policy


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("nonsense", {}, "There is no check 'nonsense'. Installed: 'http', 'openai', 'pattern', 'words'"),
        ("pattern", {"pattern": "("}, "RE2 does not take: missing"),
        ("pattern", {}, "pattern"),
        ("http", {"base_url": "ftp://x"}, "address such as"),
        ("openai", {"base_url": "http://key@x/v1"}, "must not carry a key"),
        ("openai", {}, "base_url"),
    ],
)
def test_mistakes(kind: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_check(kind, options)
    assert said in str(caught.value)


def test_an_expression_that_would_take_hours_takes_none() -> None:
    check = make_check("pattern", {"pattern": "^(a+)+$"})
    assert isinstance(check, LooksAtOnce)
    began = time.process_time()
    assert check.look("a" * 2000 + "b") is None
    assert check.look("a" * 2000) == "pattern"
    assert time.process_time() - began < 1


class TestPolicies:
    def test_a_deployment_names_one_that_is_there(self) -> None:
        settings = load_settings(None, {"content_policies": {"strict": {"checks": [{"kind": "words"}]}}})
        check_policy(settings, "strict")
        check_policy(settings, "none")
        check_policy(settings, None)
        with pytest.raises(ConfigurationError, match="There is: strict"):
            check_policy(settings, "other")

    @pytest.mark.parametrize(
        "settings",
        [{"content_policy": "other"}, {"deployments": {"gpt-realtime": {"content_policy": "other"}}}],
    )
    def test_else_the_server_does_not_start(self, settings: dict[str, object]) -> None:
        with pytest.raises(ConfigurationError, match="There is no content policy 'other'"):
            build_service(load_settings(None, settings))

    @pytest.mark.parametrize(
        "policies",
        [
            {"none": {"checks": [{"kind": "words"}]}},
            {"strict": {"checks": []}},
            {"strict": {"checks": [{"kind": "words", "action": "shout"}]}},
            {"strict": {"checks": [{"kind": "words", "deadline_s": 0}]}},
        ],
    )
    def test_mistakes(self, policies: dict[str, object]) -> None:
        with pytest.raises(ConfigurationError, match="content_policies"):
            load_settings(None, {"content_policies": policies})


class TestClauses:
    def test_wait_for_their_end(self) -> None:
        clauses = ClausesOut()
        assert clauses.feed("It costs 3.5") == ""
        assert clauses.feed("0 euros. And") == "It costs 3.50 euros. "
        assert clauses.feed(" then, well") == "And then, "
        assert clauses.flush() == "well"
        assert clauses.flush() == ""

    def test_without_spaces(self) -> None:
        assert ClausesOut().feed("\u4f60\u597d\u3002\u518d") == "\u4f60\u597d\u3002"

    def test_one_without_an_end_is_cut_at_a_word(self) -> None:
        clauses = ClausesOut()
        assert clauses.feed("word " * 80 + "wo") == "word " * 80
        assert clauses.flush() == "wo"
        assert clauses.feed("x" * 401) == "x" * 401
