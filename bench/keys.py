"""What a stored key costs a connection, and how many ephemeral keys one core makes and checks.

`python bench/keys.py`. Handshakes are real ones over loopback, to a server in another process: with a key of the
settings, one of 10,000 stored keys and an ephemeral key in turn, so that a busy machine slows all of them alike.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "shared"))

from http_client import UPGRADE, request
from sqlalchemy import insert

from voxwire.auth import StoredKeys
from voxwire.auth.ephemeral import EphemeralKeys
from voxwire.auth.management import KeyBook
from voxwire.config import load_settings
from voxwire.runtime import AccessRole, EphemeralGrant, Principal
from voxwire.storage.database import Database
from voxwire.storage.schema import api_key_table
from voxwire.testing.live_server import serve_process

#: In the table beside the key that is used.
STORED = 10_000
ROUNDS = 300
MINTED = 5000
TARGET = "/v1/realtime?model=gpt-realtime"


async def fill(database: Database) -> str:
    """Many keys, one of which is given out."""
    issued = await KeyBook(database).create(project="local", name=None, roles=[AccessRole.USER], by="bench")
    row = {"project": "local", "kind": "named", "hint": "", "roles": '["user"]', "created_at": 1, "created_by": "bench"}
    rows = [{**row, "id": f"key_{n}", "name": f"n{n}", "sha256": os.urandom(32)} for n in range(STORED)]
    async with database.write() as connection:
        await connection.execute(insert(api_key_table), rows)
    return issued.secret


async def alone(database: Database, key: str) -> None:
    """Without the network: what the event loop does."""
    stored = StoredKeys(database)
    started = time.perf_counter()
    await stored.reload()
    print(f"reading {STORED + 1} keys: {(time.perf_counter() - started) * 1e3:.0f} ms, after each change")
    report("a stored key, known", await timed(lambda: stored.identify(key)))
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    report("a wrong key", await timed(lambda: stored.identify(wrong)))
    ephemeral, principal = EphemeralKeys(database, lambda _: True), Principal(id="key_1")
    settings = '{"type":"realtime","instructions":"' + "Be brief. " * 40 + '"}'
    grant = EphemeralGrant(
        id="sess_1",
        model="gpt-realtime",
        dialect="ga",
        transcription=False,
        settings=settings,
        single_use=False,
        expires_at=int(time.time()) + 600,
    )
    started = time.process_time()
    keys = [await ephemeral.mint(principal, grant, "gpt-realtime") for _ in range(MINTED)]
    made = time.process_time()
    for minted in keys:
        await ephemeral.identify(minted.value)
    checked = time.process_time()
    print(
        f"ephemeral keys of {len(keys[0].value)} bytes: {(made - started) / MINTED * 1e6:.0f} µs to make, "
        f"{(checked - made) / MINTED * 1e6:.0f} µs to check: {MINTED / (checked - started):.0f} a second on one core"
    )


async def timed(call: Callable[[], Awaitable[object]]) -> list[float]:
    """Microseconds of each of some thousand calls."""
    times = []
    for _ in range(MINTED):
        started = time.perf_counter()
        await call()
        times.append((time.perf_counter() - started) * 1e6)
    return times


def report(what: str, times: list[float]) -> None:
    slow = statistics.quantiles(times, n=100)[98]
    print(f"{what:24} median {statistics.median(times):7.1f} µs, 99 of 100 below {slow:7.1f} µs")


async def handshakes(url: str, ways: dict[str, dict[str, str]]) -> None:
    took: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, headers in ways.items():
            started = time.perf_counter()
            answer = await request(url, TARGET, {**UPGRADE, **headers})
            took[way].append((time.perf_counter() - started) * 1e6)
            assert answer.status == 101, answer
    floor = took[next(iter(ways))]
    for way, times in took.items():
        report(f"handshake, {way}", times)
        added = [one - bare for one, bare in zip(times, floor, strict=True)]
        print(f"{'':24} added: median {statistics.median(added) / 1000:.2f} ms")


async def mint(url: str, key: str) -> str:
    headers = {"api-key": key, "content-type": "application/json"}
    answer = await request(url, "/v1/realtime/client_secrets", headers, method="POST", body=b"{}")
    return str(json.loads(answer.body)["value"])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VOXWIRE_STORAGE__URL"] = f"sqlite:///{folder}/voxwire.db"
        settings = load_settings()

        async def prepare() -> str:
            database = Database(settings.storage)
            try:
                key = await fill(database)
                await alone(database, key)
                return key
            finally:
                await database.close()

        key = asyncio.run(prepare())
        configured = {"VOXWIRE_AUTH__API_KEYS": "configured"}
        with serve_process(environment=configured) as server:
            ways = {"key in the settings": {"api-key": "configured"}, "stored key": {"api-key": key}}
            ways["ephemeral key"] = {"api-key": asyncio.run(mint(server.url, key))}
            asyncio.run(handshakes(server.url, ways))


if __name__ == "__main__":
    main()
