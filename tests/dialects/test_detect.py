"""Which dialect a connection speaks (protocol: connecting, Dialect of a connection), for every form of a URL."""

from datetime import date

import pytest

from voxwire.dialects import Dialect, Variant, detect
from voxwire.dialects.detect import version_date

GA = Variant(dialect=Dialect.GA)
MARKED = Variant(dialect=Dialect.PREVIEW)
PREVIEW = Variant(dialect=Dialect.PREVIEW, late_switch=True)
FIRST = Variant(dialect=Dialect.PREVIEW, late_switch=True, projection=True)
LAST = Variant(dialect=Dialect.PREVIEW, late_switch=True, transcription_deltas=True)
MARKER = {"openai-beta": "realtime=v1"}


def by_path(path: str, **query: str) -> Variant:
    return detect(path, {name.replace("_", "-"): value for name, value in query.items()}, {}, [])


class TestRule1VoiceLive:
    def test_path(self) -> None:
        expected = Variant(dialect=Dialect.VOICE_LIVE)
        assert by_path("/voice-live/realtime", api_version="2026-07-15", model="M") == expected

    def test_a_marker_does_not_change_it(self) -> None:
        assert detect("/voice-live/realtime", {}, MARKER, []).dialect is Dialect.VOICE_LIVE


class TestRule2Markers:
    def test_header(self) -> None:
        assert detect("/v1/realtime", {"model": "M"}, MARKER, []) == MARKED

    def test_header_among_others(self) -> None:
        assert detect("/v1/realtime", {}, {"openai-beta": "assistants=v2, realtime=v1"}, []) == MARKED

    def test_other_beta(self) -> None:
        assert detect("/v1/realtime", {}, {"openai-beta": "assistants=v2"}, []) == GA

    def test_subprotocol(self) -> None:
        offered = ["realtime", "openai-insecure-api-key.KEY", "openai-beta.realtime-v1"]
        assert detect("/v1/realtime", {}, {}, offered) == MARKED

    def test_other_subprotocols(self) -> None:
        assert detect("/v1/realtime", {}, {}, ["realtime", "openai-insecure-api-key.KEY"]) == GA

    def test_a_marked_connection_never_switches(self) -> None:
        query = {"api-version": "2025-04-01-preview", "deployment": "D"}
        assert detect("/openai/realtime", query, MARKER, []) == Variant(
            dialect=Dialect.PREVIEW, transcription_deltas=True
        )

    def test_a_marker_wins_over_a_late_version(self) -> None:
        assert detect("/openai/realtime", {"api-version": "2025-08-28"}, MARKER, []).dialect is Dialect.PREVIEW

    def test_first_preview_with_marker(self) -> None:
        found = detect("/openai/realtime", {"api-version": "2024-10-01-preview"}, MARKER, [])
        assert found == Variant(dialect=Dialect.PREVIEW, projection=True)


class TestRule3PreviewPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/openai/realtime",
            "/openai/realtime/",
            "//openai//realtime",
            "/prefix/openai/realtime",
            "/openai/deployments/D/realtime",
            "/openai/deployments/Qwen/Qwen3-Omni/realtime",
        ],
    )
    def test_path(self, path: str) -> None:
        assert by_path(path, api_version="2025-04-01-preview", deployment="D") == LAST

    @pytest.mark.parametrize(
        ("version", "variant"),
        [
            ("2024-12-17", PREVIEW),
            ("2024-12-17-preview", PREVIEW),
            ("2025-04-01-preview", LAST),
            ("2025-06-01-preview", LAST),
        ],
    )
    def test_preview_versions(self, version: str, variant: Variant) -> None:
        assert by_path("/openai/realtime", api_version=version) == variant

    def test_first_preview(self) -> None:
        assert by_path("/openai/realtime", api_version="2024-10-01-preview") == FIRST

    @pytest.mark.parametrize("version", ["v1", "preview", "latest", "2025-08-28", "2025-08-28-preview", "2026-01-01"])
    def test_ga_versions(self, version: str) -> None:
        assert by_path("/openai/realtime", api_version=version) == GA

    @pytest.mark.parametrize("version", ["", "nonsense", "2024-99-99-preview", "-preview"])
    def test_missing_or_unreadable_version_is_preview(self, version: str) -> None:
        assert by_path("/openai/realtime", api_version=version) == PREVIEW

    def test_no_version_at_all(self) -> None:
        assert by_path("/openai/realtime") == PREVIEW


class TestRule4GaPaths:
    @pytest.mark.parametrize(
        "path",
        ["/v1/realtime", "/v1/realtime/", "/openai/v1/realtime", "//openai/v1//realtime/", "/realtime", "/", ""],
    )
    def test_path(self, path: str) -> None:
        assert by_path(path, model="M") == GA

    def test_a_version_on_the_ga_path_is_ignored(self) -> None:
        assert by_path("/openai/v1/realtime", api_version="2024-10-01-preview") == GA

    @pytest.mark.parametrize("path", ["/openai/deployments/realtime", "/openai/other/D/realtime", "/openai/realtime/x"])
    def test_what_only_looks_like_a_preview_path(self, path: str) -> None:
        assert by_path(path) == GA


class TestIntent:
    def test_ga(self) -> None:
        assert by_path("/v1/realtime", intent="transcription") == Variant(dialect=Dialect.GA, transcription=True)

    def test_preview(self) -> None:
        expected = Variant(dialect=Dialect.PREVIEW, late_switch=True, transcription=True)
        assert by_path("/openai/realtime", intent="transcription") == expected

    def test_marked(self) -> None:
        found = detect("/v1/realtime", {"intent": "transcription"}, MARKER, [])
        assert found == Variant(dialect=Dialect.PREVIEW, transcription=True)

    def test_voice_live(self) -> None:
        found = by_path("/voice-live/realtime", intent="transcription")
        assert found == Variant(dialect=Dialect.VOICE_LIVE, transcription=True)

    def test_another_intent(self) -> None:
        assert by_path("/v1/realtime", intent="conversation") == GA


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2024-10-01-preview", date(2024, 10, 1)),
        ("2025-08-28", date(2025, 8, 28)),
        ("20250828", date(2025, 8, 28)),
        ("v1", None),
        ("", None),
    ],
)
def test_version_date(version: str, expected: date | None) -> None:
    assert version_date(version) == expected
