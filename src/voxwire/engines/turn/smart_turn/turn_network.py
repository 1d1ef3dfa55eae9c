"""The model's file, run by ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from voxwire.engines.turn.smart_turn.voice_features import BANDS, FRAMES, voice_features
from voxwire.errors import ConfigurationError, EngineError

_INPUT: Final = "input_features"


class TurnNetwork:
    """Blocks: for a thread. Raises ConfigurationError for a file that is not this kind of model."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # it would write to stderr what the error says
        # Threads that wait busily take the processors of other sessions.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no base of their own
            raise ConfigurationError(f"The turn model {path} is none that ONNX Runtime can run.") from error
        inputs = {value.name: value.shape for value in self._session.get_inputs()}
        if list(inputs) != [_INPUT] or inputs[_INPUT][1:] != [BANDS, FRAMES]:
            raise ConfigurationError(
                f"The turn model {path} is no smart-turn v3: it does not take {_INPUT} of {BANDS} x {FRAMES}."
            )
        self.scores([b""])  # the first pass takes longer

    def scores(self, turns: Sequence[bytes]) -> list[float]:
        """How likely each speaker has finished, of PCM16 at 16 kHz. Raises EngineError."""
        features = np.stack([voice_features(turn) for turn in turns])
        try:
            (scores, *_) = self._session.run(None, {_INPUT: features})
        except Exception as error:
            raise EngineError("turn", "turn_model_failed", "The turn model failed.") from error
        return [_likelihood(score) for score in np.asarray(scores).reshape(len(turns), -1)[:, 0]]


def _likelihood(score: Any) -> float:
    """Between 0 and 1, whatever the network says."""
    return float(np.clip(np.nan_to_num(score, nan=0.5), 0, 1))
