"""Workers whose host is gone, without a word: they end by themselves."""

import os
import select
import subprocess
import sys
from pathlib import Path

import parrot
import pytest

HOST = """
import asyncio, os, signal, sys
import msgspec, parrot
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec

async def main():
    spec = WorkerSpec(stage="test", name="parrot", service="parrot:ParrotService")
    pool = WorkerPool(spec, msgspec.msgpack.Decoder(parrot.Reply), size=2)
    await pool.start()
    if sys.argv[1] == "busy":
        await (await pool.lease(1)).send(parrot.Swallow(b"", seconds=3600))
        await asyncio.sleep(0.2)
    if sys.argv[1] == "stopped":
        for pid in pool.pids:
            os.kill(pid, signal.SIGSTOP)
    print(*pool.pids, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not see to it")
@pytest.mark.parametrize("state", ["idle", "busy", "stopped"])
def test_workers_end_with_a_host_that_was_killed(state: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(parrot.__file__).parent)}
    with subprocess.Popen([sys.executable, "-c", HOST, state], stdout=subprocess.PIPE, env=environment) as host:
        assert host.stdout is not None
        workers = [os.pidfd_open(int(pid)) for pid in host.stdout.readline().split()]
        assert len(workers) == 2
        host.kill()
        while workers:
            ended, _, _ = select.select(workers, [], [], 20)
            assert ended, "a worker has outlived its host"
            for worker in ended:
                workers.remove(worker)
                os.close(worker)
