"""A voice model in ONNX Runtime: what is given back after a clause."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxwire.engines.tts.onnx.voice_session import VoiceSession
from voxwire.testing.tiny_onnx import tiny_piper

pytestmark = pytest.mark.engines


@pytest.mark.parametrize(("keeps", "given_back"), [(0, [True, True, True]), (16, [False, True, False])])
def test_memory_is_given_back_after_a_long_clause(
    keeps: int, given_back: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    runs: list[dict[str, str]] = []

    class Options(onnxruntime.RunOptions):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            runs.append({})

        def add_run_config_entry(self, name: str, value: str) -> None:
            runs[-1][name] = value
            super().add_run_config_entry(name, value)

    monkeypatch.setattr(onnxruntime, "RunOptions", Options)
    session = VoiceSession(tiny_piper(tmp_path), threads=1, durations=lambda nodes: None, keeps=keeps)
    for symbols in (16, 17, 3):
        feeds: dict[str, Any] = {
            "input": np.ones((1, symbols), np.int64),
            "input_lengths": np.array([symbols], np.int64),
            "scales": np.array([0, 1, 0], np.float32),
        }
        result = session.run(feeds, symbols)
        assert result is not None
        assert len(result[0])
    assert ["memory.enable_memory_arena_shrinkage" in run for run in runs] == given_back
