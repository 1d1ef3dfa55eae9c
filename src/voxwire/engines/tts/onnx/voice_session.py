"""A voice model in ONNX Runtime: run beside the worker's loop, so that it can be stopped."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxwire.engines.tts.onnx.model_file import Node, nodes, with_output
from voxwire.engines.worker.child import Outlet
from voxwire.errors import ConfigurationError, EngineError

#: How often a running model asks whether it is still wanted. It stops 1 to 2 ms later.
_LOOK_S: Final = 0.005


class VoiceSession:
    """One model. `durations` finds the tensor that says how long each symbol lasts; None, or a model without: unknown.

    After a clause of more than `keeps` symbols its memory is given back. What shorter ones took, the next finds ready.

    Raises ConfigurationError for a file that cannot be read, or is no model.
    """

    def __init__(
        self, path: Path, *, threads: int, durations: Callable[[list[Node]], str | None], keeps: int = 0
    ) -> None:
        import onnxruntime

        self._runtime = onnxruntime
        try:
            model = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"The voice {path} cannot be read: {error.strerror}.") from None
        tensor = durations(nodes(model))
        if tensor is not None:
            model = with_output(model, tensor)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Two sessions that spin wait for each other: 1.6 s of time and 3.1 s of processors become 1.2 and 2.3 without.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no base of their own
            raise ConfigurationError(f"The voice {path} is no model that ONNX Runtime can run.") from error
        self._has_durations = tensor is not None
        self._keeps = keeps
        self._thread = ThreadPoolExecutor(1, "voice")

    @property
    def inputs(self) -> dict[str, str]:
        """Names of the inputs, with their types as ONNX Runtime writes them ("tensor(int64)")."""
        return {value.name: value.type for value in self._session.get_inputs()}

    def run(
        self, feeds: Mapping[str, NDArray[Any]], symbols: int, outlet: Outlet | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | None] | None:
        """Samples between -1 and 1, and the frames of each of the `symbols`; None once nobody listens at the outlet.

        Raises EngineError when the model fails.
        """
        options = self._runtime.RunOptions()
        if symbols > self._keeps:
            # At 150 symbols of Kokoro 258 MB instead of 416, for 5 % of the time.
            options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        running = self._thread.submit(self._session.run, None, dict(feeds), options)
        stopped = False
        while not wait([running], timeout=_LOOK_S).done:
            if outlet is not None and not stopped and outlet.cancelled:
                options.terminate = stopped = True
        if stopped:
            return None
        return self._result(running)

    def _result(self, running: "Future[list[NDArray[Any]]]") -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
        try:
            results = running.result()
        except Exception as error:
            raise EngineError("tts", "voice_failed", "The voice's model failed on the text.") from error
        samples = np.nan_to_num(np.asarray(results[0], np.float32).ravel())
        if not self._has_durations:
            return samples, None
        return samples, np.rint(results[-1]).astype(np.int64).ravel()
