"""What a server's `/metrics` says, as Prometheus would read it."""

from http_client import request
from prometheus_client.parser import text_string_to_metric_families

#: Of one sample: its name and labels.
Series = tuple[str, frozenset[tuple[str, str]]]


async def scrape(url: str, **headers: str) -> dict[Series, float]:
    """Every sample of a scrape."""
    answer = await request(url, "/metrics", headers)
    assert answer.status == 200, answer.body
    families = text_string_to_metric_families(answer.body.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def labelled(samples: dict[Series, float], name: str) -> list[tuple[dict[str, str], float]]:
    """All samples of this name that are not 0."""
    return [(dict(labels), value) for (found, labels), value in samples.items() if found == name and value]


def value(samples: dict[Series, float], name: str, **labels: str) -> float:
    """The sample of this name with exactly these labels; 0 for one that is not there."""
    return samples.get((name, frozenset(labels.items())), 0.0)
