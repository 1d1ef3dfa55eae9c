"""What is not counted as it happens but looked at when somebody asks: queues, deployments, drafts, failovers,
stores."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from voxwire.runtime import Service
from voxwire.runtime.failover import Members
from voxwire.telemetry.store_state import StoreState

#: What comes of an answer that was begun in a pause.
_OUTCOMES: Final = "begun", "used", "wasted", "refused"


class StateCollector(Collector):
    """`look` on the event loop, to which all of this belongs; `collect` gives what was seen, in any thread."""

    def __init__(self, service: Service, most_sessions: int, stores: Callable[[], StoreState]) -> None:
        self._stores = stores
        self._service = service
        self._most_sessions = most_sessions
        self._changes: Counter[str] = Counter()
        self._counted: WeakKeyDictionary[Members, int] = WeakKeyDictionary()
        self._seen: list[Metric] = []

    def look(self, *, draining: bool) -> None:
        """Take everything in as it is now."""
        self._seen = [
            _gauge("realtime_draining", "1 while the server takes no new sessions and lets those there end.", draining),
            _gauge("realtime_sessions_limit", "Sessions that the settings allow at once.", self._most_sessions),
            *self._room(),
            self._deployments(),
            self._queues(),
            *self._drafts(),
            *self._failovers(),
            *self._kept(),
        ]

    def collect(self) -> Iterable[Metric]:
        return self._seen

    def describe(self) -> Iterable[Metric]:
        return ()

    def _room(self) -> Iterator[Metric]:
        load = self._service.load
        state = load.describe()
        yield _gauge("realtime_full", "1 while there is no room for new sessions.", load.full)
        yield _gauge("realtime_speakers", "People who speak now.", state["speaking"])
        if state["can_follow"] is not None:
            meaning = "People whom the recognisers can follow at once, as it was measured."
            yield _gauge("realtime_speakers_limit", meaning, state["can_follow"])

    def _deployments(self) -> Metric:
        family = GaugeMetricFamily("realtime_deployments", "Deployments, by whether they are ready.", labels=["state"])
        everything = self._service.directory.all
        ready = sum(hosted.deployment is not None for hosted in everything)
        family.add_metric(["ready"], ready)
        family.add_metric(["unready"], len(everything) - ready)
        return family

    def _queues(self) -> Metric:
        """Of engines that tell; those of the same name together."""
        family = GaugeMetricFamily(
            "realtime_engine_queue_depth",
            "Requests in the engine's line, and those in the making where no other can be made beside them.",
            labels=["stage", "engine"],
        )
        waiting: Counter[tuple[str, str]] = Counter()
        for stage, engine in self._engines():
            depth = getattr(engine, "queue", None)
            if isinstance(depth, int):
                waiting[stage, engine.capabilities.info.name] += depth
        for labels, depth in sorted(waiting.items()):
            family.add_metric(labels, depth)
        return family

    def _engines(self) -> Iterable[tuple[str, Any]]:
        """Each engine once, those behind a list too."""
        found: dict[int, tuple[str, Any]] = {}
        for hosted in self._service.directory.all:
            for stage, engine in hosted.stages.items():
                members = getattr(engine, "members", None)
                for one in members.engines if isinstance(members, Members) else (engine,):
                    found[id(one)] = stage, one
        return found.values()

    def _drafts(self) -> Iterator[Metric]:
        counts = self._service.drafting.describe()
        family = CounterMetricFamily(
            "realtime_drafts", "Answers begun in pauses, by what came of them.", labels=["outcome"]
        )
        for outcome in _OUTCOMES:
            family.add_metric([outcome], counts[outcome])
        yield family
        meaning = "Time by which answers that were begun in pauses came earlier."
        yield CounterMetricFamily("realtime_draft_saved_seconds", meaning, counts["saved_ms"] / 1000)

    def _failovers(self) -> Iterator[Metric]:
        """A list that is gone leaves its count behind."""
        resting: Counter[str] = Counter()
        for members in self._service.directory.failovers():
            self._changes[members.stage] += members.changes - self._counted.get(members, 0)
            self._counted[members] = members.changes
            resting[members.stage] += members.resting
        changes = CounterMetricFamily(
            "realtime_failovers", "Times that one engine took over from another in its work.", labels=["stage"]
        )
        out_of_use = GaugeMetricFamily(
            "realtime_engines_resting", "Engines of lists that are out of use now.", labels=["stage"]
        )
        for stage, count in sorted(self._changes.items()):
            changes.add_metric([stage], count)
            out_of_use.add_metric([stage], resting[stage])
        yield changes
        yield out_of_use

    def _kept(self) -> Iterator[Metric]:
        state = self._stores()
        unreachable = GaugeMetricFamily(
            "realtime_store_unreachable",
            "1 while a store cannot be reached: the `database`, or `redis`, in which servers share quotas.",
            labels=["store"],
        )
        for store, lost in state.unreachable.items():
            unreachable.add_metric([store], float(lost))
        waiting = GaugeMetricFamily(
            "realtime_records_waiting", "What is to be written to the database: records of usage, findings of checks, "
            "conversations that have ended.",
            labels=["kind"],
        )  # fmt: skip
        lost_records = CounterMetricFamily(
            "realtime_records_lost", "What the database never got, since it was lost for too long.", labels=["kind"]
        )
        for family, counts in ((waiting, state.waiting), (lost_records, state.lost)):
            for kind, count in counts.items():
                family.add_metric([kind], count)
        yield from (unreachable, waiting, lost_records)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, float(value))
