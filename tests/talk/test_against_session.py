"""The client's core against the server's core: no sockets, no clock, both dialects, whatever may happen.

What the client sends passes its own protocol and the server's dialect, what the session says passes both back. Between
them is a network that may be as slow as it likes. Nothing may raise, every turn is closed, and once everything has
arrived the client believes what the session holds.
"""

from collections import deque
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects.detect import detect
from voxwire.dialects.wire_codec import WireCodec
from voxwire.events.items import FunctionCallItem, FunctionCallOutputItem, InputText, MessageItem, OutputAudio, Role
from voxwire.events.server import (
    AudioDelta,
    ErrorOccurred,
    ItemTruncated,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    TranscriptDelta,
    TranscriptionCompleted,
    TranscriptionFailed,
)
from voxwire.events.session_config import ServerVad
from voxwire.interfaces.commands import (
    CancelGeneration,
    CancelTranscription,
    FinishTranscription,
    StartResponse,
    StartTranscription,
)
from voxwire.interfaces.llm import FinishReason
from voxwire.talk import protocol
from voxwire.talk.core import ClientCore
from voxwire.talk.latency import SentAudio, Stage
from voxwire.talk.protocol import ClientDialect, OutgoingEvent
from voxwire.talk.question import frames
from voxwire.talk.tool_stub import ToolStub
from voxwire.testing.driver import Driver, silence, speech

SILENCE_MS = 320
TOOL = {"type": "function", "name": "f", "description": "", "parameters": {"type": "object"}}
#: The only thing a client can be refused: a tool's answer asks for a response while the person has already gone on.
RACE = "conversation_already_has_active_response"

words = st.text("abc é☕", min_size=1, max_size=8)


class Eyes:
    """Stands in for `Screen`: what was shown under which label."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []

    def line(self, label: str, text: str) -> None:
        self.shown.append((label, text))

    def stream(self, label: str, text: str) -> None:
        self.shown.append((label, text))

    def end_line(self) -> None:
        """Lines are not looked at."""

    def all(self, label: str) -> str:
        return "".join(text for shown, text in self.shown if shown == label)


class Ear:
    """Implements `AnswerAudio`: a loudspeaker whose time passes when the test says so."""

    def __init__(self) -> None:
        self.sound: dict[str, bytes] = {}
        self.cuts: dict[str, int] = {}
        self._left: deque[tuple[str, bytes]] = deque()
        self._heard: dict[str, int] = {}

    def add(self, item_id: str, pcm: bytes) -> None:
        self.sound[item_id] = self.sound.get(item_id, b"") + pcm
        self._left.append((item_id, pcm))

    def interrupt(self) -> tuple[str, int] | None:
        if not self._left:
            return None
        item_id = self._left[0][0]
        self._left.clear()
        self.cuts[item_id] = int(AudioFormat.PCM16.duration_ms(self._heard.get(item_id, 0)))
        return item_id, self.cuts[item_id]

    def play(self, ms: float) -> None:
        size = AudioFormat.PCM16.size_of(ms)
        while self._left and size > 0:
            item_id, pcm = self._left.popleft()
            if len(pcm) > size:
                self._left.appendleft((item_id, pcm[size:]))
            self._heard[item_id] = self._heard.get(item_id, 0) + min(len(pcm), size)
            size -= len(pcm)


class AnyConversation:
    """A person, a network, engines and time; each does a step at a time, when the test says so."""

    def __init__(self, dialect: ClientDialect, *, prompt: bool, spoken: bool) -> None:
        """`prompt`: the network takes no time. `spoken`: by microphone, else typed; `talk` never mixes them."""
        self.prompt, self.spoken = prompt, spoken
        self.driver = Driver()
        self.codec = WireCodec(_variant(dialect))
        self.eyes, self.ear, self.sent = Eyes(), Ear(), SentAudio()
        tools = ToolStub([TOOL], {"f": "done"})
        screen: Any = self.eyes
        self.core = ClientCore(screen, self.ear, tools, self.sent, silence_ms=SILENCE_MS, patient=True)
        self.up: deque[str] = deque()
        self.down: deque[bytes] = deque()
        self.seen = 0
        self.hearing: dict[int, bool] = {}
        self.speaking: dict[int, list[str]] = {}
        self.typed: list[str] = []
        update = protocol.session_update(
            dialect, instructions="Be kind.", voice="alloy", tools=tools.declared, silence_ms=SILENCE_MS
        )
        self.send(update)
        self.happened()

    # --- the network -----------------------------------------------------------------------------

    def send(self, *events: OutgoingEvent) -> None:
        self.up += [protocol.to_json(event) for event in events]

    def look(self) -> None:
        """Put what the session said on the wire, and note which work it began and ended."""
        for output in self.driver.outputs[self.seen :]:
            match output:
                case StartTranscription():
                    self.hearing[output.transcription] = False
                case FinishTranscription():
                    self.hearing[output.transcription] = True
                case CancelTranscription():
                    self.hearing.pop(output.transcription, None)
                case StartResponse():
                    self.speaking[output.generation] = []
                case CancelGeneration():
                    self.speaking.pop(output.generation, None)
                case ErrorOccurred():
                    assert output.code == RACE
                    assert self.spoken
                    assert not self.prompt, "on a network without delays, nothing is refused"
                case _:
                    pass
            if isinstance(output, ServerEvent):
                frame = self.codec.encode(output, f"event_{self.seen}")
                if frame is not None:
                    self.down.append(frame)
            self.seen += 1

    def happened(self) -> None:
        self.look()
        if self.prompt:
            self.network(None)

    def network(self, steps: int | None) -> None:
        """Some frames arrive, one way or the other; None for all, and all that they set off."""
        while (self.up or self.down) and steps != 0:
            if self.up:
                self.driver.send(self.codec.decode(self.up.popleft()), origin=1)
                self.look()
            if self.down:
                self.send(*self.core.receive(protocol.decode(self.down.popleft()), self.driver.now))
            steps = None if steps is None else steps - 1

    # --- the person ------------------------------------------------------------------------------

    def person(self, text: str, ms: int, pause_ms: int) -> None:
        """Types, once nothing more is due, or speaks, whenever it likes."""
        if not self.core.configured:
            return
        if self.spoken:
            for frame in frames(speech(ms) + silence(pause_ms)):
                self.sent.add(frame, self.driver.now)
                self.send(protocol.append(frame))
        elif self.core.settled:
            self.core.ask(text, self.driver.now)
            self.send(protocol.user_message(text), protocol.RESPONSE_CREATE)
            self.typed.append(text)
        self.happened()

    # --- the world -------------------------------------------------------------------------------

    def time(self, listened_ms: int, waited_s: float) -> None:
        self.ear.play(listened_ms)
        self.driver.advance(waited_s)
        self.happened()

    def engines(self, heard: str | None, pieces: list[tuple[str, int]], calls: Any, ending: Any) -> None:
        """Go on with the oldest utterance and the newest answer."""
        if self.hearing:
            self.recognise(min(self.hearing), heard)
        elif self.speaking:
            self.answer(max(self.speaking), pieces, calls, ending)
        self.happened()

    def recognise(self, number: int, heard: str | None) -> None:
        """None: the recogniser fails."""
        if heard is None:
            del self.hearing[number]
            self.driver.fail_hearing(transcription=number)
        elif self.hearing[number]:
            del self.hearing[number]
            self.driver.hear(heard.strip(), number)
        else:
            self.driver.hear_part(heard, 0)

    def answer(self, number: int, pieces: list[tuple[str, int]], calls: Any, ending: Any) -> None:
        said = self.speaking[number]
        for text, ms in pieces:
            said.append(text)
            self.driver.write(text, number)
            self.driver.voice(ms, len("".join(said)), generation=number)
        if calls is not None:
            said.clear()  # text after it begins a message of its own
            self.driver.call("f", *calls, generation=number)
        self.happened()
        if ending != "not yet" and number in self.speaking:
            self.end(number, ending)

    def end(self, number: int, reason: FinishReason | None) -> None:
        del self.speaking[number]
        if reason is None:
            self.driver.fail(generation=number)
        else:
            self.driver.finish(reason, generation=number)
        self.happened()

    @property
    def person_speaks(self) -> bool:
        """As the session has it."""
        return len(self.driver.all(SpeechStarted)) > len(self.driver.all(SpeechStopped))

    # --- what must hold --------------------------------------------------------------------------

    def both_agree_once_everything_has_arrived(self) -> None:
        if self.up or self.down:
            return
        driver, core = self.driver, self.core
        responses = len(driver.all(ResponseCreated)) - len(driver.all(ResponseDone))
        assert core.user_speaking == self.person_speaks
        assert core.settled == (not responses and not self.person_speaks)
        transcripts = len(driver.all(TranscriptionCompleted)) + len(driver.all(TranscriptionFailed))
        assert core.transcribed == (transcripts == len(driver.all(SpeechStarted)))
        said = [output.delta for output in driver.outputs if isinstance(output, TextDelta | TranscriptDelta)]
        assert self.eyes.all("Voxwire") == "".join(said)
        sound: dict[str, bytes] = {}
        for delta in driver.all(AudioDelta):
            sound[delta.item_id] = sound.get(delta.item_id, b"") + delta.pcm
        assert self.ear.sound == sound
        assert {cut.item_id for cut in driver.all(ItemTruncated)} == set(self.ear.cuts)

    def bring_to_an_end(self) -> None:
        while self.up or self.down or self.hearing or self.speaking or self.person_speaks:
            self.network(None)
            if self.person_speaks:
                self.send(*(protocol.append(frame) for frame in frames(silence(2 * SILENCE_MS))))
            for number in [number for number, finished in self.hearing.items() if finished]:
                del self.hearing[number]
                self.driver.hear("so be it", number)
            for number in list(self.speaking):
                self.end(number, FinishReason.STOP)
            self.look()
        self.both_agree_once_everything_has_arrived()
        assert self.core.settled
        assert self.core.transcribed
        assert all(Stage.DONE in turn.times() for turn in self.core.turns), "every turn is closed"
        self.driver.invariants.check_ended()
        self.check_settings()
        self.check_items()

    def check_settings(self) -> None:
        config = self.driver.session.created.config
        assert self.core.configured
        assert self.core.model == config.model
        assert (config.instructions, config.voice, [tool.name for tool in config.tools]) == ("Be kind.", "alloy", ["f"])
        assert isinstance(config.turn_detection, ServerVad)
        assert config.turn_detection.silence_duration_ms == SILENCE_MS
        assert config.transcription is not None

    def check_items(self) -> None:
        """The conversation is what was typed, said, shown and heard."""
        texts: dict[str, str] = {}
        for output in self.driver.outputs:
            if isinstance(output, TextDelta | TranscriptDelta):
                texts[output.item_id] = texts.get(output.item_id, "") + output.delta
        typed, called, answered = [], [], []
        for entry in self.driver.session._state.conversation:
            item = entry.item
            match item:
                case MessageItem(role=Role.USER, content=(InputText(text=text),)):
                    typed.append(text)
                case MessageItem(role=Role.ASSISTANT, content=(OutputAudio(transcript=kept),)):
                    shown = texts.get(item.id, "")
                    if item.id in self.ear.cuts:
                        assert shown.startswith(kept)
                        assert int(entry.spoken_ms) == self.ear.cuts[item.id]
                    else:
                        assert kept == shown
                        heard = AudioFormat.PCM16.duration_ms(len(self.ear.sound.get(item.id, b"")))
                        assert entry.spoken_ms == heard
                case FunctionCallItem():
                    called.append(item.call_id)
                case FunctionCallOutputItem():
                    answered.append(item.call_id)
                case _:
                    pass
        assert typed == self.typed
        assert set(answered) <= set(called)
        assert len(answered) == len(set(answered)), "each call is answered once"


def _variant(dialect: ClientDialect) -> Any:
    """What the server makes of the client's own handshake."""
    parts = urlsplit(protocol.address("http://127.0.0.1:8000", dialect, dialect.default_deployment))
    headers = {name.lower(): value for name, value in protocol.headers(dialect, None).items()}
    return detect(parts.path, dict(parse_qsl(parts.query)), headers, ())


def step(name: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.tuples(st.just(name), st.fixed_dictionaries(arguments))


engines = step(
    "engines",
    heard=st.sampled_from(["abc", "so", "é", "", None]),
    pieces=st.lists(st.tuples(words, st.sampled_from([400, 400, 60, 0])), min_size=1, max_size=3),
    calls=st.sampled_from([None, None, ("{}",), ('{"a":', "1}"), ()]),
    ending=st.sampled_from([FinishReason.STOP, FinishReason.STOP, "not yet", "not yet", *FinishReason, None]),
)
steps = st.one_of(
    step("network", steps=st.none() | st.integers(1, 20)),
    engines,
    step("person", text=words, ms=st.sampled_from([320, 320, 40, 0]), pause_ms=st.sampled_from([400, 400, 100, 0])),
    engines,
    step("time", listened_ms=st.sampled_from([150, 10, 10, 5000]), waited_s=st.sampled_from([0, 0, 0, 11.0])),
)


@pytest.mark.parametrize("dialect", ClientDialect)
@pytest.mark.parametrize("spoken", [False, True], ids=["typed", "spoken"])
@settings(max_examples=25)
@given(prompt=st.booleans(), course=st.lists(steps, min_size=20, max_size=60))
def test_any_conversation(
    dialect: ClientDialect, spoken: bool, prompt: bool, course: list[tuple[str, dict[str, Any]]]
) -> None:
    conversation = AnyConversation(dialect, prompt=prompt, spoken=spoken)
    for name, arguments in course:
        getattr(conversation, name)(**arguments)
        conversation.both_agree_once_everything_has_arrived()
    conversation.bring_to_an_end()
