"""smart-turn with tiny networks made here; with its true weights: `tests/true_weights/test_smart_turn.py`."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from voxwire.engines.registry import load
from voxwire.engines.turn.smart_turn.engine import SmartTurn, SmartTurnOptions
from voxwire.engines.turn.smart_turn.turn_network import TurnNetwork
from voxwire.engines.turn.smart_turn.voice_features import BANDS, FRAMES, voice_features
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.needs_models import NeedsModels
from voxwire.interfaces.turn import TurnEngine
from voxwire.testing.contract import TurnContract


def network(path: Path, *, name: str = "input_features", frames: int = FRAMES, fault: bool = False) -> Path:
    """A network that says the mean of what it hears; with a `fault` it fails on all but the first pass's silence."""
    heard = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", BANDS, frames])
    said = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 1])
    nodes = [
        helper.make_node("ReduceMean", [name], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "axis"], ["column"]),
    ]
    constants = [helper.make_tensor("axis", TensorProto.INT64, [1], [1])]
    if fault:  # two turns at once do not fit this shape
        constants.append(helper.make_tensor("shape", TensorProto.INT64, [2], [1, 1]))
        nodes.append(helper.make_node("Reshape", ["column", "shape"], ["logits"]))
    else:
        nodes.append(helper.make_node("Identity", ["column"], ["logits"]))
    graph = helper.make_graph(nodes, "turn", [heard], [said], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


#: Gone when the process ends.
FOLDER = tempfile.TemporaryDirectory()
TINY = network(Path(FOLDER.name) / "turn.onnx")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return network(tmp_path / "turn.onnx")


@pytest.fixture
async def engine(model: Path) -> AsyncIterator[SmartTurn]:
    engine = SmartTurn(SmartTurnOptions(model=str(model)))
    await engine.start()
    yield engine
    await engine.close()


class TestContract(TurnContract):
    @staticmethod
    def make_engine() -> TurnEngine:
        return SmartTurn(SmartTurnOptions(model=str(TINY)))


class TestFeatures:
    def test_a_tone_is_loudest_in_its_band(self) -> None:
        time = np.arange(8 * 16_000) / 16_000
        features = voice_features((8000 * np.sin(2 * np.pi * 1000 * time)).astype("<i2").tobytes())
        assert features.shape == (BANDS, FRAMES)
        assert features.dtype == np.float32
        # 15 steps of 45.2 to 8 kHz lie below 1 kHz, in 80 bands.
        assert abs(int(features.mean(axis=1).argmax()) - 26) <= 1

    def test_what_is_short_stands_at_the_end(self) -> None:
        noise = np.random.default_rng(1).integers(-8000, 8000, 16_000).astype("<i2").tobytes()
        features = voice_features(noise)
        assert features[:, 710:].mean() > features[:, :690].mean() + 0.5

    def test_of_what_is_long_the_end_is_heard(self) -> None:
        noise = np.random.default_rng(1).integers(-8000, 8000, 9 * 16_000).astype("<i2").tobytes()
        assert np.array_equal(voice_features(noise), voice_features(noise[32_000:]))

    @pytest.mark.parametrize("pcm", [b"", b"\x01", bytes(64)])
    def test_silence_and_odd_bytes_are_heard_too(self, pcm: bytes) -> None:
        assert np.isfinite(voice_features(pcm)).all()


class TestEngine:
    async def test_it_is_found_by_its_name(self, model: Path) -> None:
        engine = load("turn", "smart-turn", {"model": str(model)})
        assert isinstance(engine, NeedsModels)
        assert engine.models == (str(model),)
        assert load("turn", "smart-turn", {}).models == ("smart-turn-v3.2",)  # type: ignore[attr-defined]

    async def test_it_says_what_the_network_says(self, engine: SmartTurn, model: Path) -> None:
        pcm = np.random.default_rng(1).integers(-8000, 8000, 32_000).astype("<i2").tobytes()
        assert await engine.score(pcm, "") == pytest.approx(np.clip(voice_features(pcm).mean(), 0, 1), abs=1e-4)

    async def test_what_comes_during_a_pass_is_heard_together(
        self, engine: SmartTurn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        passes: list[int] = []
        threads: set[int] = set()
        scores = TurnNetwork.scores

        def watched(network: TurnNetwork, turns: Sequence[bytes]) -> list[float]:
            passes.append(len(turns))
            threads.add(threading.get_ident())
            return scores(network, turns)

        monkeypatch.setattr(TurnNetwork, "scores", watched)
        first = asyncio.ensure_future(engine.score(bytes(640), ""))
        await asyncio.sleep(0)
        others = [asyncio.ensure_future(engine.score(bytes(640), "")) for _ in range(8)]
        await asyncio.sleep(0)
        others[0].cancel()
        await asyncio.gather(first, *others, return_exceptions=True)
        assert sum(passes) in (8, 9)
        assert max(passes) <= 4
        assert len(passes) <= 4
        assert threading.get_ident() not in threads

    async def test_a_pass_that_nobody_waits_for_is_none(
        self, engine: SmartTurn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waiting = asyncio.ensure_future(engine.score(bytes(640), ""))
        await asyncio.sleep(0)
        waiting.cancel()
        monkeypatch.setattr(TurnNetwork, "scores", lambda *_: pytest.fail("nobody waits"))
        await asyncio.sleep(0.01)

    async def test_a_network_that_fails_breaks_one_pass_alone(self, tmp_path: Path) -> None:
        engine = SmartTurn(SmartTurnOptions(model=str(network(tmp_path / "faulty.onnx", fault=True))))
        await engine.start()
        votes = await asyncio.gather(*(engine.score(bytes(640), "") for _ in range(2)), return_exceptions=True)
        assert [vote.code for vote in votes if isinstance(vote, EngineError)] == ["turn_model_failed"] * 2
        assert 0 <= await engine.score(bytes(640), "") <= 1
        await engine.close()

    async def test_after_the_end_it_says_so(self, model: Path) -> None:
        engine = SmartTurn(SmartTurnOptions(model=str(model)))
        await engine.start()
        waiting = asyncio.ensure_future(engine.score(bytes(640), ""))
        await asyncio.sleep(0)
        await engine.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(EngineError, match="closed"):
            await engine.score(bytes(640), "")


class TestBadInput:
    @staticmethod
    async def trouble(options: dict[str, Any]) -> str:
        engine = load("turn", "smart-turn", options)
        with pytest.raises(ConfigurationError) as trouble:
            await engine.start()
        await engine.close()
        return str(trouble.value)

    async def test_a_model_that_is_not_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VOXWIRE_MODELS", str(tmp_path))
        assert "voxwire models pull smart-turn-v3.2" in await self.trouble({})
        assert "not there" in await self.trouble({"model": str(tmp_path / "none.onnx")})

    async def test_a_file_that_is_no_model(self, tmp_path: Path) -> None:
        (tmp_path / "text.onnx").write_text("hello")
        assert "ONNX Runtime" in await self.trouble({"model": str(tmp_path / "text.onnx")})

    @pytest.mark.parametrize("changes", [{"name": "audio"}, {"frames": 3000}])
    async def test_a_model_of_another_kind(self, tmp_path: Path, changes: dict[str, Any]) -> None:
        path = network(tmp_path / "other.onnx", **changes)
        assert "is no smart-turn v3" in await self.trouble({"model": str(path)})

    async def test_a_folder_with_no_model_or_several(self, tmp_path: Path) -> None:
        assert "0 .onnx files" in await self.trouble({"model": str(tmp_path)})
        network(tmp_path / "a.onnx")
        engine = load("turn", "smart-turn", {"model": str(tmp_path)})
        await engine.start()
        await engine.close()
        network(tmp_path / "b.onnx")
        assert "2 .onnx files" in await self.trouble({"model": str(tmp_path)})

    def test_an_option_that_it_does_not_have(self) -> None:
        with pytest.raises(ConfigurationError, match="it knows: model"):
            load("turn", "smart-turn", {"threads": 4})
