"""Who waits for whom: what greedy sessions and many speakers do to others, with the embedded engines.

    python bench/fairness.py crowd       # four sessions with 16 out-of-band responses each, and a bystander
    python bench/fairness.py heavy       # the heaviest legal events of one session, and a bystander
    python bench/fairness.py speakers 10 # people who speak at once, at the pace of speech

Prints milliseconds: the bystander's first sound without and with the others, in turns, or the time from
`speech_stopped` to the first sound of the answer. Several servers can be compared in the same minute:
`--python PATH` names the interpreter of another checkout, `--rounds` how often each is asked in turn.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import statistics
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from client import Client, append_frames, frame
from figures import percentile
from speech import clips as spoken_clips

_PATH = "/openai/v1/realtime?model=gpt-realtime"
_FRAME_MS = 40
_PATIENCE_S = 30.0
_QUESTION = {
    "type": "conversation.item.create",
    "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is two plus two?"}]},
}
_OUT_OF_BAND = {
    "type": "response.create",
    "response": {
        "conversation": "none",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Tell me what you can do and then tell me a joke, please."}],
            }
        ],
    },
}
_KIND = re.compile(rb'"type":"([a-z_.]+)"')


@contextlib.contextmanager
def server(python: str) -> Iterator[int]:
    """A server of the checkout that this interpreter belongs to; yields its port."""
    command = [python, "-m", "voxwire", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if found := re.search(rb"listening on http://[^:]+:(\d+)", line):
                    break
            else:
                raise SystemExit("The server did not start.")
            yield int(found[1])
        finally:
            child.terminate()
            child.stdout.read()


class Talker:
    """A session; keeps when each kind of event came last, and counts them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.stopped = 0.0
        self.after_speech_ms = 0.0
        self._waiting: dict[str, asyncio.Future[float]] = {}
        client.on_event = self._event

    @classmethod
    async def connect(cls, port: int) -> "Talker":
        return cls(await Client.connect(port, _PATH))

    def send(self, event: dict[str, Any]) -> None:
        self.client.send(frame(event))

    def expect(self, kind: str) -> asyncio.Future[float]:
        """When the next event of this kind comes."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[kind] = future
        return future

    async def first_sound(self) -> float:
        """Ask, and wait for sound and end; milliseconds to the sound."""
        sound, done = self.expect("response.output_audio.delta"), self.expect("response.done")
        began = perf_counter()
        self.send(_QUESTION)
        self.send({"type": "response.create"})
        heard = await asyncio.wait_for(sound, _PATIENCE_S)
        await asyncio.wait_for(done, _PATIENCE_S)
        return (heard - began) * 1000

    def _event(self, payload: bytes, at: float) -> None:
        found = _KIND.search(payload)
        if found is None:
            return
        kind = found[1].decode()
        self.counts[kind] += 1
        if kind == "input_audio_buffer.speech_stopped":
            self.stopped = at
        if kind == "error" or b'"status":"failed"' in payload or kind.endswith("transcription.failed"):
            self.errors[_code(payload)] += 1
        if kind == "response.output_audio.delta" and kind in self._waiting:
            self.after_speech_ms = (at - self.stopped) * 1000
        if (future := self._waiting.pop(kind, None)) is not None and not future.done():
            future.set_result(at)


def _code(payload: bytes) -> str:
    found = re.search(rb'"code":"([a-z_]+)"', payload)
    return found[1].decode() if found else "unknown"


# --- greedy sessions ------------------------------------------------------------------------------


async def crowd(port: int, stop: asyncio.Event) -> None:
    """Four sessions, each of which always has 16 out-of-band responses in progress."""

    async def one() -> None:
        talker = await Talker.connect(port)
        try:
            for _ in range(16):
                talker.send(_OUT_OF_BAND)
            while not stop.is_set():
                await asyncio.wait(
                    [asyncio.ensure_future(stop.wait()), talker.expect("response.done")],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                talker.send(_OUT_OF_BAND)
        finally:
            talker.client.close()

    await asyncio.gather(*(one() for _ in range(4)))


def heavy_events() -> list[dict[str, Any]]:
    """Legal events of the largest kind, each a change of the settings."""
    words = [f"{a} {b}" for a in ("blue", "green", "quiet", "early") for b in ("harbour", "window", "garden", "letter")]
    tools = [
        {
            "type": "function",
            "name": f"find_{word.replace(' ', '_')}_{number}",
            "description": f"Find the {word} in a place.",
            "parameters": {
                "type": "object",
                "properties": {
                    "location": {"type": "string"},
                    "size": {"type": "string", "enum": words},
                    "count": {"type": "integer", "minimum": 1, "maximum": 100},
                },
                "required": ["location"],
            },
        }
        for number, word in zip(range(100), words * 7, strict=False)
    ]
    sentence = "If they ask about the weather in town number {}, say it is fine there today. "
    text = "".join(sentence.format(n) for n in range(14_000))[:1_000_000]
    return [
        {"type": "session.update", "session": {"type": "realtime", "instructions": text}},
        {"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief.", "tools": tools}},
    ]


async def heavy(port: int, stop: asyncio.Event) -> None:
    """One session that sends the heaviest settings again and again, never the same twice."""
    talker = await Talker.connect(port)
    events, number = heavy_events(), 0
    try:
        while not stop.is_set():
            event = json.loads(json.dumps(events[number % len(events)]))
            event["session"]["instructions"] += f" Round {number}."
            answered = talker.expect("session.updated")
            talker.send(event)
            await asyncio.wait_for(answered, _PATIENCE_S)
            number += 1
            await asyncio.sleep(0.2)
    finally:
        talker.client.close()


async def bystander(port: int, attack: Any, asked: int) -> tuple[list[float], list[float]]:
    """First sounds while all is quiet, then under the attack."""
    talker = await Talker.connect(port)
    await talker.first_sound()
    quiet = [await talker.first_sound() for _ in range(asked)]
    stop = asyncio.Event()
    attacking = asyncio.create_task(attack(port, stop))
    await asyncio.sleep(1)
    busy = []
    for _ in range(asked):
        busy.append(await talker.first_sound())
        await asyncio.sleep(0.05)
    stop.set()
    await attacking
    talker.client.close()
    return quiet, busy


# --- speakers -------------------------------------------------------------------------------------


@dataclass
class Turns:
    """What the speakers of one run met; times in milliseconds from `speech_stopped` to the first sound."""

    asked: int = 0
    refused: int = 0
    times: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


async def speaker(port: int, number: int, seconds: float, turns: Turns) -> None:
    """Speaks a sentence at the pace of speech, waits for the answer's first sound, speaks the next."""
    chance = random.Random(number)
    await asyncio.sleep(chance.random() * 2)
    try:
        talker = await Talker.connect(port)
    except ConnectionError as error:
        turns.refused += "503" in str(error)
        if "503" not in str(error):
            turns.errors[str(error)] += 1
        return
    started = perf_counter()
    clips = [append_frames(clip, _FRAME_MS) for clip in spoken_clips()]
    while perf_counter() - started < seconds:
        sound, done = talker.expect("response.output_audio.delta"), talker.expect("response.done")
        turns.asked += 1
        await _say(talker, clips[chance.randrange(len(clips))])
        first, _ = await asyncio.wait([sound, done], timeout=_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if sound in first:
            turns.times.append(talker.after_speech_ms)
        elif not first:
            turns.errors["silence"] += 1
    turns.errors.update(talker.errors)
    talker.client.close()


async def _say(talker: Talker, frames: list[bytes]) -> None:
    began = perf_counter()
    for index, data in enumerate(frames):
        await asyncio.sleep(max(0.0, began + index * _FRAME_MS / 1000 - perf_counter()))
        talker.client.send(data)


async def speakers(port: int, count: int, seconds: float) -> Turns:
    turns = Turns()
    await asyncio.gather(*(speaker(port, number, seconds, turns) for number in range(count)))
    return turns


# --- command line ---------------------------------------------------------------------------------


def _line(name: str, times: list[float]) -> str:
    middle = statistics.median(times) if times else float("nan")
    return f"{name}: n {len(times)}, p50 {middle:.0f} ms, p95 {percentile(times, 0.95):.0f} ms"


async def measure(options: argparse.Namespace, port: int) -> list[str]:
    if options.what == "speakers":
        turns = await speakers(port, options.count, options.seconds)
        try:
            answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz")  # noqa: ASYNC210 - all is over
        except urllib.error.HTTPError as full:
            answer = full
        with answer:
            health = answer.read().decode()
        return [
            f"{_line(f'{options.count} speakers', turns.times)}, asked {turns.asked}, refused {turns.refused}, "
            f"errors {dict(turns.errors)}, healthz {health}"
        ]
    quiet, busy = await bystander(port, crowd if options.what == "crowd" else heavy, options.asked)
    ratio = percentile(busy, 0.95) / percentile(quiet, 0.95)
    return [_line("quiet", quiet), f"{_line(options.what, busy)}, p95 ratio {ratio:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python bench/fairness.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("crowd", "heavy", "speakers"))
    parser.add_argument("count", nargs="?", type=int, default=10, help="speakers (default 10)")
    parser.add_argument("--python", action="append", help="interpreter of a checkout to measure; may be repeated")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--asked", type=int, default=60, help="first sounds to measure in each state (default 60)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the speakers go on (default 20)")
    options = parser.parse_args()
    for _ in range(options.rounds):
        for python in options.python or [sys.executable]:
            with server(python) as port:
                for line in asyncio.run(measure(options, port)):
                    print(f"{python}: {line}" if options.python else line, flush=True)


if __name__ == "__main__":
    main()
