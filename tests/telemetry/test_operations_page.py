"""`docs/operations.md` lists the metrics that a server has, in the server's own words, and no other."""

import re
from pathlib import Path

import pytest
from prometheus_client.core import Metric

from voxwire.telemetry.exposition import Exposition
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
_OF_THE_PROCESS = "process_"


class Ears(FakeStt):
    """A recogniser that knows how many it can follow."""

    def hearing(self) -> tuple[int, float, float]:
        return 0, 4.0, 0.0


async def metrics() -> list[tuple[Metric, list[str]]]:
    """Each metric with the names of its labels."""
    service = fake_service(fake_deployment(stt=Ears()))
    await service.start()
    exposition = Exposition(service, most_sessions=1)
    exposition.look(draining=False)
    await service.close()
    labels = {
        metric._name: list(metric._labelnames)
        for metric in vars(exposition.metrics).values()
        if hasattr(metric, "_labelnames")
    }
    listed = []
    for family in exposition.metrics.registry.collect():
        if not family.name.startswith(_OF_THE_PROCESS):
            found = {name: None for sample in family.samples for name in sample.labels if name != "le"}
            listed.append((family, labels.get(family.name) or getattr(family, "_labelnames", None) or list(found)))
    return listed


def row(family: Metric, labels: list[str]) -> str:
    name = family.name + ("_total" if family.type == "counter" else "")
    return f"| `{name}` | {family.type} | {', '.join(f'`{label}`' for label in labels)} | {family.documentation} |"


async def test_every_metric_is_described() -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()
    missing = [line for line in (row(*found) for found in await metrics()) if line not in page]
    assert not missing, "docs/operations.md needs:\n" + "\n".join(missing)


async def test_no_other_is() -> None:
    described = re.findall(r"^\| `realtime_\w+` \| .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(described) == sorted(row(*found) for found in await metrics())


@pytest.mark.parametrize("prefix", ["realtime_"])
async def test_all_have_one_prefix(prefix: str) -> None:
    assert [family.name for family, _ in await metrics() if not family.name.startswith(prefix)] == []
