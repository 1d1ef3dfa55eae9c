"""The table that `make bench` prints: one row a figure that was measured."""

from typing import Any

from figures import markdown, written

#: What it is, its unit, and where floor, Voxwire and their ratio stand in the result.
_ROWS = (
    ("(a) response.create → first audio", "ms", "a_floor_ms", "a_voxwire_ms", "a_ratio"),
    ("(a) the same, embedded engines", "ms", "", "a_embedded_ms", ""),
    ("(b) end of speech → first audio, fake engines", "ms", "", "b_fake_ms", ""),
    ("(b) the same, embedded engines", "ms", "", "b_embedded_ms", ""),
    ("(c) first loud frame → speech_started, in audio", "ms", "", "c_audio_ms", ""),
    ("(d) sessions held, 20 ms frames", "", "d_20ms_floor", "d_20ms_voxwire", "d_20ms_ratio"),
    ("(d) sessions held, 100 ms frames", "", "d_100ms_floor", "d_100ms_voxwire", "d_100ms_ratio"),
    ("(e) CPU a frame of 100 ms, 150 sessions", "µs", "e_cpu_floor_us", "e_cpu_voxwire_us", "e_cpu_ratio"),
    ("(e) memory of an idle session", "MiB", "", "e_idle_mib", ""),
    ("(f) chat engine: asked → first token", "ms", "f_raw_ms", "f_chat_ms", ""),
    ("(f) chat engine: cores for 10,000 deltas a second", "", "", "f_core_share", ""),
    ("(g) beyond 500 ms of silence → first audio, engines of 280 ms", "ms", "", "g_plain_ms", ""),
    ("(g) the same, begun in the pause", "ms", "", "g_drafts_ms", ""),
)


def table(result: dict[str, Any]) -> str:
    """A dash where a measurement had no sound result; what was not asked for has no row."""
    rows = [
        (what, _figure(result, floor, unit), _figure(result, ours, unit), _figure(result, ratio, "x"))
        for what, unit, floor, ours, ratio in _ROWS
        if ours in result
    ]
    return markdown(("what", "floor", "Voxwire", "ratio"), rows)


def _figure(result: dict[str, Any], key: str, unit: str) -> str:
    value = result.get(key)
    return "-" if value is None else f"{written(value)} {unit}".rstrip()
