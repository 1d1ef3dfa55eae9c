"""The picture of a benchmark run: lag against sessions, and the ratios to the floor."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

_COLOURS = {"floor": "#8a8f98", "voxwire": "#2f6fde"}


def draw(result: dict[str, Any], path: Path) -> None:
    """One panel a frame size: the 95th percentile of the lag as sessions are added."""
    runs = result.get("runs", [])
    sizes = sorted({run["frame_ms"] for run in runs}) or [20, 100]
    figure, panels = plt.subplots(1, len(sizes), figsize=(5.5 * len(sizes), 3.8), squeeze=False)
    for panel, size in zip(panels[0], sizes, strict=True):
        for name, colour in _COLOURS.items():
            rows = sorted(
                (run["sessions"], max(run["update_p95_ms"], run["speech_started_p95_ms"]))
                for run in runs
                if run["server"] == name and run["frame_ms"] == size and not run["fault"]
            )
            if rows:
                panel.plot(*zip(*rows, strict=True), marker="o", markersize=3, color=colour, label=name)
        panel.axhline(100, color="#c43c3c", linewidth=1, linestyle="--", label="limit")
        panel.set_yscale("log")
        panel.set_title(f"{size} ms frames, one core, speech detection on", fontsize=10)
        panel.set_xlabel("sessions")
        panel.set_ylabel("lag at p95, ms")
        panel.grid(alpha=0.25)
        panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
