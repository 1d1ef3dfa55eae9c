"""What the events of each flow must show, whichever client received them."""

import base64
import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from realtime_flows import BYTES_PER_MS, HEARD_MS, TRANSCRIBED

from voxwire.testing.fake_tts import FakeTts

Event = dict[str, Any]

EIGHTY_FOUR = re.compile(r"\b84\b|eighty[ -]four")
EIGHTEEN = re.compile(r"\b18\b|eighteen")

AUDIO_DELTA = "response.output_audio.delta"
AUDIO_DONE = "response.output_audio.done"
TRANSCRIPT_DELTA = "response.output_audio_transcript.delta"
TRANSCRIPT_DONE = "response.output_audio_transcript.done"

#: Names of the preview that GA has with `output_` before the last word.
RENAMED = re.compile(r"response\.(?=(text|audio|audio_transcript)\.)")

#: What closes a content part of this type, before `response.content_part.done`.
PART_DONE = {
    "audio": (AUDIO_DONE, TRANSCRIPT_DONE),
    "output_audio": (AUDIO_DONE, TRANSCRIPT_DONE),
    "text": ("response.output_text.done",),
    "output_text": ("response.output_text.done",),
}


class Log:
    """The events of one connection under their GA names (protocol: dialects, Names of events).

    None is an error, and none is missing.
    """

    def __init__(self, events: list[Event]) -> None:
        self.events = [event | {"type": RENAMED.sub("response.output_", event["type"])} for event in events]
        assert not self.of("error")
        assert self.events[0]["type"] == "session.created", "session.created is the first"
        assert len({event["event_id"] for event in events}) == len(events)
        complete(self)

    @property
    def ga(self) -> bool:
        """Whether the session has the form of GA; each of these clients asks for one."""
        updated = self.of("session.updated")
        assert updated, "no session.updated"
        return "type" in updated[-1]["session"]

    def of(self, kind: str, **fields: Any) -> list[Event]:
        """Those of a type with these fields; `item_id` and `response_id` also name what an event carries whole."""
        return [
            event
            for event in self.events
            if event["type"] == kind and all(_field(event, name) == value for name, value in fields.items())
        ]

    def one(self, kind: str, **fields: Any) -> Event:
        found = self.of(kind, **fields)
        assert len(found) == 1, f"{len(found)} of {kind} with {fields}"
        return found[0]

    def in_order(self, *events: Event) -> bool:
        return all(self.events.index(one) < self.events.index(other) for one, other in pairwise(events))

    def responses(self) -> list[Event]:
        """The response objects of `response.done`, in order."""
        return [event["response"] for event in self.of("response.done")]

    def audio(self, response: Event) -> bytes:
        events = self.of(AUDIO_DELTA, response_id=response["id"])
        return b"".join(base64.b64decode(event["delta"], validate=True) for event in events)

    def transcript(self, response: Event) -> str:
        return "".join(event["delta"] for event in self.of(TRANSCRIPT_DELTA, response_id=response["id"]))


def _field(event: Event, name: str) -> Any:
    """The field; else, for `item_id`, the id of the `item`."""
    if name in event:
        return event[name]
    whole = event.get(name.removesuffix("_id"))
    return whole.get("id") if isinstance(whole, dict) and name.endswith("_id") else None


def complete(log: Log) -> None:
    """No event is missing of what surrounds turns, items and responses (protocol: responses, Order of events)."""
    ways = ("conversation.item.added", "conversation.item.done") if log.ga else ("conversation.item.created",)
    for turn in log.of("input_audio_buffer.committed"):
        for way in ways:
            log.one(way, item_id=turn["item_id"])
    for done in log.of("response.done"):
        created = log.one("response.created", response_id=done["response"]["id"])
        for item in done["response"]["output"]:
            assert log.in_order(created, *_item_events(log, item, ways), done)


def _item_events(log: Log, item: Event, ways: tuple[str, ...]) -> list[Event]:
    """From the first to the last event about an output item."""
    about = {"item_id": item["id"]}
    for way in ways:
        log.one(way, **about)
    between = []
    for index, part in enumerate(item.get("content", ())):
        about_part = {**about, "content_index": index}
        finished = [log.one(kind, **about_part) for kind in PART_DONE[part["type"]]]
        opened = log.one("response.content_part.added", **about_part)
        closed = log.one("response.content_part.done", **about_part)
        assert all(log.in_order(opened, event, closed) for event in finished)
        between += [opened, closed]
    if item["type"] == "function_call":
        between.append(log.one("response.function_call_arguments.done", **about))
    return [log.one("response.output_item.added", **about), *between, log.one("response.output_item.done", **about)]


def spoken(log: Log, response: Event) -> str:
    """The transcript of an answer that was spoken to its end, the same wherever it stands."""
    assert response["status"] == "completed"
    transcript = log.transcript(response)
    (item,) = response["output"]
    assert transcript == item["content"][0]["transcript"] != ""
    assert transcript == log.one(TRANSCRIPT_DONE, response_id=response["id"])["transcript"]
    # Nobody says twenty letters in less than half a second.
    assert len(log.audio(response)) > len(transcript) * 25 * BYTES_PER_MS
    assert response["usage"]["output_token_details"]["audio_tokens"] > 0
    return transcript


def interrupted(log: Log, response: Event, reason: str) -> None:
    """An answer that was cut: what it had opened is closed, and nothing of it follows."""
    assert response["status"] == "cancelled"
    assert response["status_details"]["reason"] == reason
    (item,) = response["output"]
    assert item["status"] == "incomplete"
    log.one("response.output_item.done", response_id=response["id"])
    later = log.events[log.events.index(log.one("response.done", response=response)) :]
    assert not [event for event in later if event.get("response_id") == response["id"]]


def stopped(voice: FakeTts, sent_bytes: int) -> str:
    """The voice was stopped early in the answer before the last, of which so much was sent; its whole text."""
    stream = voice.streams[-2]
    assert stream.cancelled
    assert 0 < sent_bytes / BYTES_PER_MS < len(stream.text) * voice.char_ms / 3
    return stream.text


def heard_turn(log: Log) -> Event:
    """The one spoken turn, its events in order; its transcription."""
    started = log.one("input_audio_buffer.speech_started")
    stopped = log.one("input_audio_buffer.speech_stopped")
    committed = log.one("input_audio_buffer.committed")
    transcribed = log.one(TRANSCRIBED)
    assert log.in_order(started, stopped, committed, transcribed)
    assert started["item_id"] == stopped["item_id"] == committed["item_id"] == transcribed["item_id"]
    deltas = log.of("conversation.item.input_audio_transcription.delta")
    if deltas or log.ga:  # the first preview had none
        assert "".join(event["delta"] for event in deltas) == transcribed["transcript"]
    assert stopped["audio_end_ms"] - started["audio_start_ms"] > 1000
    return transcribed


def check_text_turn(log: Log) -> None:
    (response,) = log.responses()
    assert EIGHTY_FOUR.search(spoken(log, response))


def check_spoken_turn(log: Log) -> None:
    assert heard_turn(log)["transcript"].lower().rstrip("?.") == "what is twelve times seven"
    (response,) = log.responses()
    assert EIGHTY_FOUR.search(spoken(log, response))


def check_tool_round_trip(log: Log) -> None:
    heard_turn(log)
    call, answer = log.responses()
    assert call["status"] == "completed"
    (item,) = call["output"]
    assert (item["type"], item["name"], item["status"]) == ("function_call", "get_weather", "completed")
    assert "San Francisco" in json.loads(item["arguments"])["location"]
    deltas = log.of("response.function_call_arguments.delta", call_id=item["call_id"])
    assert "".join(event["delta"] for event in deltas) == item["arguments"]
    assert EIGHTEEN.search(spoken(log, answer))


def check_cancel(log: Log) -> None:
    cancelled, answer = log.responses()
    interrupted(log, cancelled, "client_cancelled")
    assert EIGHTY_FOUR.search(spoken(log, answer))


def check_barge_in(log: Log) -> None:
    cancelled, answer = log.responses()
    interrupted(log, cancelled, "turn_detected")
    heard_turn(log)
    assert EIGHTY_FOUR.search(spoken(log, answer))
    assert log.one("conversation.item.truncated")["item_id"] == cancelled["output"][0]["id"]
    for event in log.of("conversation.item.retrieved"):
        remembers_only_what_was_heard(event["item"], log.transcript(cancelled))


def remembers_only_what_was_heard(item: Event, said: str) -> None:
    (part,) = item["content"]
    assert len(base64.b64decode(part["audio"])) == HEARD_MS * BYTES_PER_MS
    assert said.startswith(part["transcript"].rstrip())
    assert len(part["transcript"]) < len(said)


CHECKS: dict[str, Callable[[Log], None]] = {
    check.__name__.removeprefix("check_"): check
    for check in (check_text_turn, check_spoken_turn, check_tool_round_trip, check_cancel, check_barge_in)
}
