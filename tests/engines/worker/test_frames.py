"""Frames between the host and a worker."""

import msgspec
import pytest

from voxwire.engines.worker.frames import MAX_FRAME, BadFrame, FrameKind, FrameReader, encode_frame


def test_frames_survive_any_split() -> None:
    data = (
        encode_frame(FrameKind.OPEN, 1)
        + encode_frame(FrameKind.DATA, 70_000, {"pcm": bytes(range(256))})
        + encode_frame(FrameKind.END, 1)
    )
    for size in (1, 3, 7, len(data)):
        reader = FrameReader()
        frames = [frame for at in range(0, len(data), size) for frame in reader.feed(data[at : at + size])]
        assert [(frame.kind, frame.stream) for frame in frames] == [
            (FrameKind.OPEN, 1),
            (FrameKind.DATA, 70_000),
            (FrameKind.END, 1),
        ]
        assert msgspec.msgpack.decode(frames[1].body) == {"pcm": bytes(range(256))}


@pytest.mark.parametrize(
    "data",
    [
        (MAX_FRAME + 1).to_bytes(4, "little"),
        b"\x01\x00\x00\x00\xc1",
        b"\x01\x00\x00\x00\x90",
        b"\x03\x00\x00\x00\x92\x2a\x01",
    ],
    ids=["oversize", "no msgpack", "too short", "unknown kind"],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(FrameReader().feed(data))
