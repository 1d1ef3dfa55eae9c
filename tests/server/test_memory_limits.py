"""How much memory messages may take, from what the kernel says."""

from pathlib import Path

import pytest

from voxwire.available_memory import available
from voxwire.server.memory import message_memory

GIB = 1024**3


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_container_has_less_than_the_machine(tmp_path: Path, name: str) -> None:
    file = tmp_path / "sys/fs/cgroup" / name
    file.parent.mkdir(parents=True)
    file.write_text(f"{GIB // 4}\n")
    assert available(tmp_path) == GIB // 4
    assert message_memory(tmp_path) == GIB // 2, "never less than 512 MiB"


def test_without_a_limit_it_is_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "sys/fs/cgroup/memory.max"
    file.parent.mkdir(parents=True)
    file.write_text("max\n")
    assert available(tmp_path) == available(Path("/nowhere")) > GIB // 4
