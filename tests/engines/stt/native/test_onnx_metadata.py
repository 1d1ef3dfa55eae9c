"""What an ONNX file says about itself, read without the model."""

from pathlib import Path

import pytest
from onnx import ModelProto, load

from voxwire.engines.stt.sherpa_onnx.onnx_metadata import read_metadata
from voxwire.testing.scripted_ears import nemotron_folder, zipformer_folder


def test_it_is_what_the_package_reads(tmp_path: Path) -> None:
    for file in (*nemotron_folder(tmp_path / "n").glob("*.onnx"), *zipformer_folder(tmp_path / "z").glob("*.onnx")):
        assert read_metadata(file) == {entry.key: entry.value for entry in load(file).metadata_props}


def test_long_values(tmp_path: Path) -> None:
    model = ModelProto(ir_version=8)
    model.metadata_props.add(key="languages", value="ü" * 5_000)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert read_metadata(tmp_path / "m.onnx") == {"languages": "ü" * 5_000}


@pytest.mark.parametrize("damaged", [b"", b"\xff" * 20, b"<html>not found</html>", b"\x3a\x7fshort"])
def test_what_is_no_model(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(damaged)
    with pytest.raises(ValueError, match="no ONNX model"):
        read_metadata(tmp_path / "m.onnx")
