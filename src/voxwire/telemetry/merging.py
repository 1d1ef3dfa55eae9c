"""The metrics of several processes as those of one: counts and histograms add up."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

#: Metrics that are no sums. There is room as long as one process has some; the oldest process has been there longest.
_LEAST: Final = ("realtime_full", "process_start_time_seconds")
_GREATEST: Final = (
    "realtime_build_info",
    "realtime_draining",
    "realtime_sessions_limit",
    "realtime_store_unreachable",
    "process_max_fds",
)
#: Of these, the processes have the same ones: how many are ready in all of them, and unready in one at least.
_DEPLOYMENTS: Final = "realtime_deployments"


class _Sample(msgspec.Struct, frozen=True, array_like=True):
    name: str
    labels: dict[str, str]
    value: float


class _Family(msgspec.Struct, frozen=True, array_like=True):
    name: str
    meaning: str
    type: str
    samples: list[_Sample]


_families: Final = msgspec.msgpack.Decoder(list[_Family])


def packed_metrics(registry: CollectorRegistry) -> bytes:
    """All that is in the registry, for another process."""
    return msgspec.msgpack.encode(
        [
            _Family(
                metric.name,
                metric.documentation,
                metric.type,
                [_Sample(sample.name, sample.labels, sample.value) for sample in metric.samples],
            )
            for metric in registry.collect()
        ]
    )


class MergedMetrics(Collector):
    """What a registry is for those who write it out: the metrics of these processes, `missing` of which did not
    answer."""

    def __init__(self, processes: Sequence[bytes], missing: int) -> None:
        self._processes = processes
        self._missing = missing

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
        for family in (family for packed in self._processes for family in _families.decode(packed)):
            families.setdefault(family.name, Metric(family.name, family.meaning, family.type))
            known = values.setdefault(family.name, {})
            for sample in family.samples:
                key = sample.name, tuple(sample.labels.items())
                known[key] = (
                    _how(family.name, sample.labels)((known[key], sample.value)) if key in known else sample.value
                )
        for name, metric in families.items():
            for (sample_name, labels), value in values[name].items():
                metric.add_sample(sample_name, dict(labels), value)
            yield metric
        yield self._workers()

    def _workers(self) -> Metric:
        meaning = "Processes of the server that hold sessions, where there are several, by whether they answer."
        family = GaugeMetricFamily("realtime_workers", meaning, labels=["state"])
        family.add_metric(["ready"], len(self._processes))
        family.add_metric(["unready"], self._missing)
        return family


def _how(name: str, labels: dict[str, str]) -> Callable[[tuple[float, float]], float]:
    if name in _LEAST or (name == _DEPLOYMENTS and labels.get("state") == "ready"):
        return min
    return max if name in _GREATEST or name == _DEPLOYMENTS else math.fsum
