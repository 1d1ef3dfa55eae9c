"""Golden event logs: whole flows (protocol: turns; responses) as each dialect puts them on the wire.

The logs in `golden/` are one frame a line. After a change that is meant, write them anew with
`VOXWIRE_WRITE_GOLDEN=1 pytest tests/dialects/test_golden.py` and read the difference.
"""

import os
from pathlib import Path

import pytest
from dialect_samples import FIRST, FLOWS, GA, PREVIEW

from voxwire.dialects import Variant, WireCodec

GOLDEN = Path(__file__).parent / "golden"
VARIANTS = {"ga": GA, "preview": PREVIEW, "first": FIRST}


def log(variant: Variant, flow: str) -> str:
    codec = WireCodec(variant)
    frames = [codec.encode(event, f"event_{number}") for number, event in enumerate(FLOWS[flow])]
    return "".join(f"{frame.decode()}\n" for frame in frames if frame is not None)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("name", VARIANTS)
def test_flow(name: str, flow: str) -> None:
    file = GOLDEN / f"{flow}-{name}.jsonl"
    actual = log(VARIANTS[name], flow)
    if os.environ.get("VOXWIRE_WRITE_GOLDEN"):
        file.write_text(actual)
    assert actual == file.read_text()


def test_no_log_is_left_over() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {f"{flow}-{name}.jsonl" for flow in FLOWS for name in VARIANTS}
