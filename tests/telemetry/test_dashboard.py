"""The dashboard asks for metrics and labels that a scrape really has, in PromQL that can be parsed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
from http_client import handshake
from scraped import Series, scrape
from spoken_turn import ANSWERED, HEARD, calling, speak

from voxwire.config import load_settings
from voxwire.errors import EngineError
from voxwire.interfaces.stt import SttFinal
from voxwire.runtime.failover import FailoverLlm, Member, Members, TakeoverTimes
from voxwire.runtime.leases import EngineLeases
from voxwire.runtime.service import Service
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.live_server import served

EXAMPLES = Path(__file__).parents[2] / "examples" / "operations"
BOARD = json.loads((EXAMPLES / "grafana-dashboard.json").read_text(encoding="utf-8"))
#: What Prometheus adds to every sample.
ADDED = {"instance", "job"}
#: What Grafana puts in place of its variables.
VARIABLES = {"$__rate_interval": "5m", "$deployment": ".*"}


def queries() -> Iterator[tuple[str, str]]:
    """Each panel's title with each of its queries, as Grafana would send them."""
    for panel in BOARD["panels"]:
        for target in panel.get("targets", ()):
            query = target["expr"]
            for variable, put in VARIABLES.items():
                query = query.replace(variable, put)
            yield panel["title"], query


def alerts() -> Iterator[tuple[str, str]]:
    """Each alert's name with its query."""
    rules = (EXAMPLES / "alerts.yml").read_text(encoding="utf-8")
    yield from re.findall(r"- alert: (\w+)\n +expr: (.+)\n", rules)


ALERTS = list(alerts())
QUERIES = [*queries(), *ALERTS]


class Ears(FakeStt):
    def hearing(self) -> tuple[int, float, float]:
        return 0, 4.0, 0.0


class Model(FakeLlm):
    queue = 0


def well_watched() -> Service:
    """A service that has something to say of everything: engines in a list of which the first fails, a recogniser that
    counts, a language engine with a queue."""
    engines = [FakeLlm([EngineError("llm", "llm_overloaded", ANSWERED)]), Model(ANSWERED)]
    leases = EngineLeases().lease({str(at): (at, lambda engine=engine: engine) for at, engine in enumerate(engines)})
    members = Members("llm", [Member(name, lease) for name, lease in zip("ab", leases.values(), strict=True)], _TIMES)
    ears = Ears(SttFinal(text=HEARD), EngineError("stt", "engine_failed", HEARD))
    return fake_service(fake_deployment(stt=ears, llm=FailoverLlm(members, _TIMES)))


_TIMES = TakeoverTimes()


@pytest.fixture
async def samples() -> dict[Series, float]:
    """A scrape after conversations in which something went wrong, too."""
    service = well_watched()
    words = {"kind": "words", "options": {"words": ANSWERED.split()}}
    policy = {"content_policies": {"strict": {"checks": [{**words, "action": "flag"}]}}, "content_policy": "strict"}
    async with served(service, **policy) as url:
        async with calling(url) as client:
            await speak(client)
            await speak(client)
        await handshake(url, "/v1/realtime?model=nobody")
        service.observers.over_quota("requests")
        return await scrape(url)


def selectors(expression: Any) -> list[Any]:
    """All selections of series in an expression."""
    found: list[Any] = []

    def note(part: Any) -> bool:
        if isinstance(part, promql.VectorSelector):
            found.append(part)
        return True

    promql.walk(expression, note)
    return found


async def test_every_query_finds_its_metrics_and_labels(samples: dict[Series, float]) -> None:
    labels: dict[str, set[str]] = {}
    for name, pairs in samples:
        labels.setdefault(name, set()).update(label for label, _ in pairs)
    problems = []
    for title, query in QUERIES:
        chosen = selectors(promql.parse(query))
        assert chosen, query
        known = set().union(*(labels.get(selector.name, set()) for selector in chosen)) | ADDED
        problems += [f"{title}: no {one.name}" for one in chosen if one.name not in labels]
        for selector in chosen:
            asked = {matcher.name for matcher in selector.matchers.matchers}
            problems += [f"{title}: {selector.name} has no {name}" for name in asked - labels.get(selector.name, set())]
        grouped = {name for group in re.findall(r"(?:by|ignoring|on) \(([^)]*)\)", query) for name in group.split(", ")}
        problems += [f"{title}: nothing has {name}" for name in grouped - known]
    assert not problems, "\n".join(problems)


async def test_fixed_values_of_labels_occur(samples: dict[Series, float]) -> None:
    """`stage="stt"` finds something, and no misspelt one is asked for."""
    for title, query in QUERIES:
        for selector in selectors(promql.parse(query)):
            fixed = {matcher.name: matcher.value for matcher in selector.matchers.matchers if matcher.value != ".*"}
            assert any(name == selector.name and fixed.items() <= dict(pairs).items() for name, pairs in samples), title


async def test_every_metric_has_a_place(samples: dict[Series, float]) -> None:
    """What is counted and never looked at is not worth its cost."""
    shown = {selector.name for _, query in QUERIES for selector in selectors(promql.parse(query))}
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}
    counted = {re.sub(r"_(bucket|sum|count)$", "", name) for name, _ in samples if name.startswith("realtime_")}
    assert counted - shown == set()


def test_panels_lie_side_by_side() -> None:
    cells: dict[tuple[int, int], str] = {}
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert cells.setdefault((x, y), panel["title"]) == panel["title"]
                assert x < 24
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_every_panel_says_what_it_shows() -> None:
    for panel in BOARD["panels"]:
        if panel["type"] != "row":
            assert panel["title"]
            assert all(target["legendFormat"] for target in panel["targets"])


def test_alerts_are_found() -> None:
    assert len(ALERTS) == (EXAMPLES / "alerts.yml").read_text(encoding="utf-8").count("- alert:") > 3


def test_the_unit_gives_the_server_time_to_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = (EXAMPLES / "voxwire.service").read_text(encoding="utf-8")
    for line in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE):
        for variable in line.split():
            monkeypatch.setenv(*variable.split("=", 1))
    settings = load_settings()
    assert settings.logging.format == "json"
    (patience,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(patience) >= settings.server.drain_s + settings.server.drain_spread_s + 30


def test_the_unit_lets_the_server_replace_what_the_system_ends_for_its_memory() -> None:
    unit = (EXAMPLES / "voxwire.service").read_text(encoding="utf-8")
    assert re.findall(r"^OOMPolicy=(.*)$", unit, re.MULTILINE) == ["continue"]
