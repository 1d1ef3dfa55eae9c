"""The metrics that Prometheus finds at `/metrics`: their names, meanings and buckets, and nothing else.

Values of labels are bounded: names of deployments and engines are those of the operator, all others words of ours.
No label holds what a client chose, and none a session.
"""

from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from voxwire import __version__

#: Seconds in which a person notices nothing, waits, and gives up.
_WAITING_S: Final = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0, 10.0, 30.0)
_SESSION_S: Final = (1, 10, 60, 300, 900, 1800, 3600, 7200)
_LAG_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
#: Of real time: from 1 on, a voice is slower than it is heard.
_REALTIME_FACTORS: Final = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 3.0)

# A series more for each of ours, which says when it began: nobody asks for it.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """All of them, in a registry of their own: what other libraries count in the same process is not ours to show."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._of_sessions()
        self._of_engines()
        ProcessCollector(registry=self.registry)
        version = Gauge("realtime_build_info", "1, with the version.", ["version"], registry=self.registry)
        version.labels(__version__).set(1)

    def _of_sessions(self) -> None:
        self.sessions_active = Gauge(
            "realtime_sessions_active", "Sessions running now.", ["transport", "deployment"], registry=self.registry
        )
        self.session_duration = Histogram(
            "realtime_session_duration_seconds", "How long sessions that have ended lasted.",
            ["transport", "deployment"], buckets=_SESSION_S, registry=self.registry,
        )  # fmt: skip
        self.rejected = Counter(
            "realtime_connections_rejected_total", "Connections refused, by the code of the error.",
            ["reason"], registry=self.registry,
        )  # fmt: skip
        self.over_quota = Counter(
            "realtime_quota_rejections_total", "What was refused since a quota or limit was reached.",
            ["limit"], registry=self.registry,
        )  # fmt: skip
        self.turns = Counter(
            "realtime_turns_total", "Responses that have ended, by how: `completed`, `turn_detected` (interrupted), "
            "`client_cancelled`, `max_output_tokens`, `content_filter`, `failed`.",
            ["deployment", "end"], registry=self.registry,
        )  # fmt: skip
        self.content_checks = Counter(
            "realtime_content_checks_total", "What checks of the content have found, by what was done: `end` (of the "
            "answer), `flag`; and checks that `failed`.",
            ["deployment", "check", "action"], registry=self.registry,
        )  # fmt: skip
        self.first_audio = Histogram(
            "realtime_time_to_first_audio_seconds", "From the end of a turn, as it was taken for ended, or from the "
            "request for a response, to its first audio.",
            ["deployment"], buckets=_WAITING_S, registry=self.registry,
        )  # fmt: skip
        self.tokens = Counter(
            "realtime_tokens_total", "Tokens of responses that were asked for. `cached` ones are a part of `input`.",
            ["deployment", "direction", "modality"], registry=self.registry,
        )  # fmt: skip
        self.audio = Counter(
            "realtime_audio_seconds_total", "Audio that came in and went out.",
            ["deployment", "direction"], registry=self.registry,
        )  # fmt: skip

    def _of_engines(self) -> None:
        self.vad_lag = Histogram(
            "realtime_vad_lag_seconds", "How long audio waited for speech detection: the longest wait in a tenth of "
            "a second.",
            buckets=_LAG_S, registry=self.registry,
        )  # fmt: skip
        self.loop_lag = Histogram(
            "realtime_event_loop_lag_seconds", "How late the event loop was, looked at four times a second.",
            buckets=_LAG_S, registry=self.registry,
        )  # fmt: skip
        self.requests = Histogram(
            "realtime_engine_request_duration_seconds", "How long engines worked. Phase `whole`: from the request to "
            "its end. Phase `finish`, of recognisers: from the end of the speech to its words.",
            ["deployment", "stage", "engine", "phase"], buckets=_WAITING_S, registry=self.registry,
        )  # fmt: skip
        self.first_item = Histogram(
            "realtime_engine_time_to_first_item_seconds", "From a request to the first that came of it: words of a "
            "recogniser or of a language engine, sound of a voice.",
            ["deployment", "stage", "engine"], buckets=_WAITING_S, registry=self.registry,
        )  # fmt: skip
        self.failures = Counter(
            "realtime_engine_failures_total", "Requests to engines that failed, by the code of the error.",
            ["deployment", "stage", "engine", "code"], registry=self.registry,
        )  # fmt: skip
        self.realtime_factor = Histogram(
            "realtime_tts_realtime_factor", "Seconds that a voice worked for each second of its speech.",
            ["deployment", "engine"], buckets=_REALTIME_FACTORS, registry=self.registry,
        )  # fmt: skip
