"""Mutated frames against codec and session: nothing escapes, no invariant breaks.

Each round is one connection of a few hundred frames, half of them valid, in random order; engines,
speech detection and the clock act in between, also out of turn. What a round does follows from its
seed alone, so a failure is repeated by the numbers in its message.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

import msgspec
from fuzz import seeds
from fuzz.mutation import mutate

from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.errors import ClientError
from voxwire.events.client import UNSUPPORTED_VALUE
from voxwire.events.items import FunctionCallItem
from voxwire.events.server import ErrorOccurred, ServerEvent
from voxwire.events.session_config import Modality, SessionConfig, SessionKind
from voxwire.interfaces.commands import (
    CancelGeneration,
    CancelTranscription,
    FinishTranscription,
    StartResponse,
    StartTranscription,
)
from voxwire.interfaces.inputs import ClientMistake, PlayoutDrained, PlayoutProgress
from voxwire.interfaces.llm import FinishReason
from voxwire.interfaces.stt import SttFinal, SttInterim, SttPartial
from voxwire.session import Capabilities, Limits
from voxwire.testing.driver import Driver

_FRAMES_A_ROUND: Final = 250
_VARIANTS: Final = [
    (Variant(dialect=Dialect.GA), seeds.GA),
    (Variant(dialect=Dialect.PREVIEW), seeds.PREVIEW),
    (Variant(dialect=Dialect.PREVIEW, projection=True), seeds.FIRST),
    (Variant(dialect=Dialect.PREVIEW, late_switch=True), seeds.GA),
    (Variant(dialect=Dialect.VOICE_LIVE), seeds.PREVIEW),
]
_LIMITS: Final = [
    Limits(),
    Limits(items=8, retained_audio_bytes=100_000, buffer_bytes=150_000, item_text_bytes=1000, parallel_responses=2),
    Limits(session_seconds=60, strict_truncate=True, respond_to_empty_transcript=False, append_bytes=20_000),
    Limits(max_drafts_per_turn=3, pause_ms=64, draft_bytes=20_000),
]
_WORDS: Final = ["", "a", " hello", " what time is it", " €", " twelve"]


class Broken(Exception):
    """A promise was broken; the message says how to see it again."""


class Round:
    """One connection: a codec, a session, and a world that answers."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = Random(seed)
        variant, self.frames = rng.choice(_VARIANTS)
        kind = rng.choice([*[SessionKind.REALTIME] * 6, SessionKind.TRANSCRIPTION])
        self.codec = WireCodec(variant)
        self.sent = 0
        self.said = 0
        self.errors: set[tuple[str, str | None]] = set()
        self.hearing: dict[int, str] = {}
        self.finished: set[int] = set()
        self.speaking: dict[int, tuple[bool, str]] = {}
        self.driver = Driver(
            SessionConfig(model="fuzz", kind=kind),
            limits=rng.choice(_LIMITS),
            capabilities=Capabilities(
                voices=frozenset({"alloy", "ash"}),
                languages=("en",),
                context_tokens=400,
                interims=True,
                reports_playout=rng.random() < 0.5,
            ),
            hold_scores=True,
            new_ids=lambda: unguessable_ids(seed),
        )

    def run(self, frames: int) -> None:
        for _ in range(frames):
            self._client()
            self._world()
            self._look()
        self._end()

    # --- the client ------------------------------------------------------------------------------

    def _client(self) -> None:
        self.sent += 1
        seed = self.rng.choice(self.frames)
        if self.rng.random() < 0.5:
            frame = msgspec.json.encode({**seed, "event_id": f"e{self.sent}"})
        else:
            frame = mutate(self.rng, seed, self.frames)
        frame = self._with_ids(frame)
        try:
            event: Any = self.codec.decode(frame)
        except ClientError as error:
            event = ClientMistake.of(error)
        self.driver.send(event, origin=1)

    def _with_ids(self, frame: bytes) -> bytes:
        if b"$" not in frame:
            return frame
        state = self.driver.session._state
        entries = [entry.item for entry in state.conversation]
        items = [item.id for item in entries] or ["nope"]
        calls = [item.call_id for item in entries if isinstance(item, FunctionCallItem)] or ["nope"]
        responses = self.driver.invariants.running_responses or ["nope"]
        for name, ids in (("$item", items), ("$call", calls), ("$response", responses), ("$new", [f"n{self.sent}"])):
            frame = frame.replace(name.encode(), json.dumps(self.rng.choice(ids))[1:-1].encode())
        return frame

    # --- the world -------------------------------------------------------------------------------

    def _world(self) -> None:
        """Some of what could happen now happens."""
        rng, driver = self.rng, self.driver
        if driver.unscored_windows and rng.random() < 0.8:
            driver.deliver_scores(rng.choice([1, 3, None]))
        if self.hearing and rng.random() < 0.5:
            self._hear(rng.choice(list(self.hearing)))
        if self.speaking and rng.random() < 0.8:
            self._speak(rng.choice(list(self.speaking)))
        if rng.random() < 0.1 and (items := [entry.item.id for entry in driver.session._state.conversation]):
            played_ms = rng.choice([0, 100.5, 900])
            driver.send(PlayoutProgress(item_id=rng.choice(items), content_index=0, played_ms=played_ms))
        if rng.random() < 0.05:
            driver.send(PlayoutDrained())
        if rng.random() < 0.05:
            driver.advance(rng.choice([0.1, 2.0, 11.0]))

    def _hear(self, number: int) -> None:
        what, heard = self.rng.random(), self.hearing[number] + self.rng.choice(_WORDS)
        if what < 0.1:
            self.driver.fail_hearing(transcription=number)
        elif what < 0.6 and number in self.finished:
            self.driver.transcribed(SttFinal(text=heard), number)
        elif what < 0.75:
            self.driver.transcribed(SttInterim(text=heard), number)
            return
        else:
            self.hearing[number] = heard
            text = heard + self.rng.choice(_WORDS)
            self.driver.transcribed(SttPartial(text=text, stable=len(heard)), number)
            return
        del self.hearing[number]

    def _speak(self, number: int) -> None:
        rng, driver = self.rng, self.driver
        spoken, text = self.speaking[number]
        what = rng.random()
        if what < 0.4:
            word = rng.choice(_WORDS)
            self.speaking[number] = spoken, text + word
            driver.write(word, number)
        elif what < 0.7 and spoken:
            driver.voice(rng.choice([0, 20, 200]), rng.randint(0, len(text) + 2), generation=number)
        elif what < 0.8:
            self.speaking[number] = spoken, ""
            driver.call("get_weather", '{"city":', '"Rome"}', generation=number)
        elif what < 0.83:
            del self.speaking[number]
            driver.filter(number)
        elif what < 0.95:
            del self.speaking[number]
            driver.finish(rng.choice(list(FinishReason)), generation=number)
        else:
            del self.speaking[number]
            driver.fail(generation=number)

    # --- what came of it -------------------------------------------------------------------------

    def _look(self) -> None:
        """Encode what leaves for the client, note what engines are asked to do."""
        for output in self.driver.outputs[self.said :]:
            if isinstance(output, ServerEvent):
                self._encode(output)
            elif isinstance(output, StartTranscription):
                self.hearing[output.transcription] = ""
            elif isinstance(output, FinishTranscription):
                self.finished.add(output.transcription)
            elif isinstance(output, CancelTranscription):
                self.hearing.pop(output.transcription, None)
            elif isinstance(output, StartResponse):
                self.speaking[output.generation] = output.request.modality is Modality.AUDIO, ""
            elif isinstance(output, CancelGeneration):
                self.speaking.pop(output.generation, None)
        self.said = len(self.driver.outputs)

    def _encode(self, event: ServerEvent) -> None:
        frame = self.codec.encode(event, f"event_{self.said}")
        if frame is not None and "type" not in json.loads(frame):  # msgspec takes no half of a surrogate pair
            raise Broken(f"a frame without a type: {frame[:200]!r}")
        if isinstance(event, ErrorOccurred) and event.event_id is not None:
            field = event.param if event.code == UNSUPPORTED_VALUE else None
            if (event.event_id, field) in self.errors and event.event_id == f"e{self.sent}":
                raise Broken(f"two errors for one event, or for one field that was left out: {event}")
            self.errors.add((event.event_id, field))

    def _end(self) -> None:
        """Everything under way ends; then nothing may be open, and a replay must say the same."""
        driver = self.driver
        driver.hold_scores = False
        while driver.unscored_windows:
            driver.deliver_scores()
        self._look()
        while self.speaking or self.finished & self.hearing.keys():
            for number in self.finished & self.hearing.keys():
                driver.transcribed(SttFinal(text=self.hearing.pop(number)), number)
            for number in list(self.speaking):
                del self.speaking[number]
                driver.finish(generation=number)
            self._look()
        if driver.session.deadline is not None:
            driver.invariants.check_ended()
        if driver.replay() != driver.outputs:
            raise Broken("a replay says something else")


def unguessable_ids(seed: int) -> Callable[[str], str]:
    """Identifiers that no mutation hits upon before they were said."""
    rng = Random(~seed)
    return lambda prefix: f"{prefix}_{rng.getrandbits(64):016x}"


def run(frames: int, seed: int) -> int:
    """Throw this many frames; the number of rounds that took. Raises `Broken`."""
    rounds = 0
    while frames > 0:
        size = min(frames, _FRAMES_A_ROUND)
        this = seed * 1_000_003 + rounds
        try:
            Round(this).run(size)
        except Exception as failure:
            raise Broken(f"round seed {this}, {size} frames: {failure!r}") from failure
        frames -= size
        rounds += 1
    return rounds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="the same seed throws the same frames")
    arguments = parser.parse_args()
    seed = time.time_ns() % 1_000_000 if arguments.seed is None else arguments.seed
    print(f"{arguments.frames} frames, seed {seed}", flush=True)
    started = time.perf_counter()
    rounds = run(arguments.frames, seed)
    seconds = time.perf_counter() - started
    print(f"nothing broke in {rounds} connections; {seconds:.1f} s, {arguments.frames / seconds:.0f} frames a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
