"""One connection: the late switch (protocol: dialects, Late switch), and frames that are no events."""

import contextlib
import json
from typing import Any

import pytest
from dialect_samples import CONFIG, decode, encode, refusal, refused

from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.errors import ClientError
from voxwire.events.client import CommitAudio, CreateResponse, UpdateSession
from voxwire.events.server import SessionUpdated
from voxwire.events.session_config import Modality, SessionKind

GA_SESSION = {"type": "realtime", "output_modalities": ["text"]}


@pytest.fixture
def undecided() -> WireCodec:
    return WireCodec(Variant(dialect=Dialect.PREVIEW, late_switch=True))


def session_updated(codec: WireCodec) -> dict[str, Any]:
    session: dict[str, Any] = encode(codec, SessionUpdated(session_id="s", config=CONFIG, expires_at=1))["session"]
    return session


class TestDialect:
    @pytest.mark.parametrize("dialect", Dialect)
    def test_names_what_is_spoken(self, dialect: Dialect) -> None:
        assert WireCodec(Variant(dialect=dialect)).dialect is dialect


class TestLateSwitch:
    @pytest.mark.parametrize(
        "session", [{"type": "realtime"}, {"type": "realtime", "audio": {}}, {"type": "transcription"}, GA_SESSION]
    )
    def test_session_update_switches_before_the_reply(self, undecided: WireCodec, session: Any) -> None:
        assert undecided.dialect is Dialect.PREVIEW
        assert "modalities" in session_updated(undecided)
        event = decode(undecided, "session.update", session=session)
        assert isinstance(event, UpdateSession)
        assert event.patch.kind is SessionKind(session["type"])
        assert undecided.dialect is Dialect.GA
        assert "output_modalities" in session_updated(undecided)

    @pytest.mark.parametrize("response", [{"output_modalities": ["text"]}, {"audio": {"output": {"voice": "ash"}}}])
    def test_response_create_switches(self, undecided: WireCodec, response: Any) -> None:
        assert isinstance(decode(undecided, "response.create", response=response), CreateResponse)
        assert undecided.dialect is Dialect.GA

    def test_a_faulty_ga_event_switches_too(self, undecided: WireCodec) -> None:
        """The error must already speak of the dialect that the client means."""
        session = {"audio": {"output": {"voice": "ash"}}}
        assert refused(undecided, "session.update", session=session) == (
            "missing_required_parameter",
            "session.type",
        )
        assert undecided.dialect is Dialect.GA

    def test_sticky(self, undecided: WireCodec) -> None:
        decode(undecided, "session.update", session=GA_SESSION)
        assert refused(undecided, "session.update", session={"modalities": ["text"]})[0] == "missing_required_parameter"
        assert undecided.dialect is Dialect.GA

    def test_other_events_leave_it_open(self, undecided: WireCodec) -> None:
        assert decode(undecided, "input_audio_buffer.commit") == CommitAudio()
        assert refused(undecided, "input_audio_buffer.commit", session=GA_SESSION) == ("unknown_parameter", "session")
        refusal(undecided, "no JSON")
        refusal(undecided, "[" * 100_000)
        refusal(undecided, json.dumps({"session": GA_SESSION}))
        refusal(undecided, json.dumps({"type": ["session.update"], "session": GA_SESSION}))
        decode(undecided, "session.update", session=GA_SESSION)
        assert undecided.dialect is Dialect.GA

    @pytest.mark.parametrize(
        ("type", "fields"),
        [
            ("session.update", {"session": {"modalities": ["text"]}}),
            ("session.update", {"session": {"voice": 5}}),
            ("session.update", {"session": 5}),
            ("session.update", {}),
        ],
    )
    def test_the_first_preview_update_settles_it(self, undecided: WireCodec, type: str, fields: Any) -> None:
        with contextlib.suppress(ClientError):
            decode(undecided, type, **fields)
        assert refused(undecided, "session.update", session=GA_SESSION)[0] == "unknown_parameter"
        assert undecided.dialect is Dialect.PREVIEW

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"response": None},
            {"response": {}},
            {"response": {"instructions": "Greet."}},
            {"response": {"modalities": ["text"]}},
            {"response": {"bogus": 1}},
        ],
    )
    def test_a_response_before_the_first_update_leaves_it_open(self, undecided: WireCodec, fields: Any) -> None:
        """Programs greet first and configure then (protocol: decisions, Late switch after a response)."""
        with contextlib.suppress(ClientError):
            decode(undecided, "response.create", **fields)
        assert undecided.dialect is Dialect.PREVIEW
        assert isinstance(decode(undecided, "session.update", session=GA_SESSION), UpdateSession)
        assert undecided.dialect is Dialect.GA

    def test_only_where_the_handshake_left_it_open(self, preview: WireCodec) -> None:
        assert refused(preview, "session.update", session=GA_SESSION) == ("unknown_parameter", "session.type")
        assert preview.dialect is Dialect.PREVIEW

    def test_no_switch_from_ga(self, ga: WireCodec) -> None:
        session = {"type": "realtime", "modalities": ["text"]}
        assert refused(ga, "session.update", session=session) == ("unknown_parameter", "session.modalities")

    def test_what_the_switched_event_says_is_kept(self, undecided: WireCodec) -> None:
        event = decode(undecided, "session.update", event_id="mine", session=GA_SESSION)
        assert isinstance(event, UpdateSession)
        assert (event.event_id, event.patch.modality) == ("mine", Modality.TEXT)


class TestFrames:
    def test_text_and_utf8_are_the_same(self, codec: WireCodec) -> None:
        text = '{"type": "input_audio_buffer.commit", "event_id": "é"}'
        assert codec.decode(text) == codec.decode(text.encode()) == CommitAudio(event_id="é")

    def test_type_may_stand_anywhere(self, codec: WireCodec) -> None:
        assert codec.decode('{"event_id": null, "type": "input_audio_buffer.commit"}') == CommitAudio()
