"""Events of ours: the same in every dialect, asked for by the same name (protocol: decisions, Events of our own)."""

import pytest
from dialect_samples import CONFIG, EXPIRES_AT, FIRST, GA, OUR_EVENTS, PREVIEW, VOICE_LIVE, decode, encode
from msgspec.structs import replace

from voxwire.dialects import Variant, WireCodec
from voxwire.events.client import UpdateSession
from voxwire.events.server import Fingerprint, SessionCreated, SessionUpdated
from voxwire.events.session_config import TURN_TIMINGS, WORD_TIMES

VARIANTS = {"ga": GA, "preview": PREVIEW, "first": FIRST, "voice-live": VOICE_LIVE}


@pytest.fixture(params=VARIANTS)
def codec(request: pytest.FixtureRequest) -> WireCodec:
    variant: Variant = VARIANTS[request.param]
    return WireCodec(variant)


def test_form(codec: WireCodec) -> None:
    assert [encode(codec, event) for event in OUR_EVENTS] == [
        {"type": "voxwire.clock", "event_id": "event_1", "now_ms": 1200},
        {
            "type": "voxwire.turn_timings",
            "event_id": "event_1",
            "response_id": "resp_1",
            "item_id": "item_1",
            "audio_speech_end_ms": 1080,
            "turn_decided_ms": 1290,
            "transcript_final_ms": 1320,
            "first_token_ms": 1350,
            "first_audio_ms": None,
            "draft_saved_ms": None,
            "drafts_wasted": 0,
        },
        {
            "type": "voxwire.engine_changed",
            "event_id": "event_1",
            "stage": "llm",
            "engine": "offline-assistant",
            "before": "chat",
            "code": "llm_timeout",
        },
        {
            "type": "voxwire.false_interruption",
            "event_id": "event_1",
            "response_id": "resp_1",
            "audio_start_ms": 2000,
            "audio_end_ms": 2300,
        },
        {
            "type": "voxwire.word_times",
            "event_id": "event_1",
            "item_id": "item_1",
            "content_index": 0,
            "words": [{"word": "Hello.", "start_ms": 1080, "end_ms": 1400}],
        },
    ]


@pytest.mark.parametrize("event", [SessionCreated, SessionUpdated])
def test_a_fingerprint_stands_beside_the_session(
    codec: WireCodec, event: type[SessionCreated] | type[SessionUpdated]
) -> None:
    shown = Fingerprint(version="0.1.0", engines={"llm": "chat"}, settings="12ab")
    plain = event(session_id="sess_1", config=CONFIG, expires_at=EXPIRES_AT)
    without = encode(codec, plain)
    assert "voxwire.fingerprint" not in without
    assert encode(codec, replace(plain, fingerprint=shown)) == {
        **without,
        "voxwire.fingerprint": {"version": "0.1.0", "engines": {"llm": "chat"}, "settings": "12ab"},
    }


@pytest.mark.parametrize("name", [TURN_TIMINGS, WORD_TIMES])
@pytest.mark.parametrize("variant", [GA, PREVIEW])
def test_asking(variant: Variant, name: str) -> None:
    kind = {"type": "realtime"} if variant is GA else {}
    event = decode(WireCodec(variant), "session.update", session={**kind, "include": [name]})
    assert isinstance(event, UpdateSession)
    assert event.patch.include == (name,)


@pytest.mark.parametrize(
    ("variant", "type", "kind"),
    [
        (GA, "session.update", {"type": "transcription"}),
        (replace(PREVIEW, transcription=True), "transcription_session.update", {}),
    ],
    ids=["ga", "preview"],
)
def test_asking_in_a_session_that_only_writes_down(variant: Variant, type: str, kind: dict[str, str]) -> None:
    event = decode(WireCodec(variant), type, session={**kind, "include": [WORD_TIMES]})
    assert isinstance(event, UpdateSession)
    assert event.patch.include == (WORD_TIMES,)
