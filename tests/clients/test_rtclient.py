"""Our Python client, and its quickstarts, against a real server on the embedded engines."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from azure.core.credentials import AzureKeyCredential
from client_environment import KEY, Address, installed_version
from flow_checks import EIGHTEEN, EIGHTY_FOUR
from quickstart_programs import DEPLOYMENT, QUESTION, QUICKSTARTS, environment, run_program, talk
from realtime_flows import BYTES_PER_MS, HEARD_MS, LONG_REQUEST, SILENCE_MS, WEATHER, WEATHER_TOOL, speech
from rtclient import (
    FunctionCallOutputItem,
    InputAudioTranscription,
    InputTextContentPart,
    ItemTruncatedMessage,
    ItemTruncateMessage,
    NoTurnDetection,
    RealtimeException,
    ResponseCreateMessage,
    RTAudioContent,
    RTClient,
    RTFunctionCallItem,
    RTInputAudioItem,
    RTLowLevelClient,
    RTMessageItem,
    RTResponse,
    ServerVAD,
    UserMessageItem,
)
from rtclient.low_level_client import ConnectionError, Dialect

from voxwire.testing.live_server import ServeProcess

Connect = Callable[[Address], RTClient]


def azure(dialect: Dialect) -> Connect:
    return lambda server: RTClient(
        server.url, key_credential=AzureKeyCredential(KEY), azure_deployment=DEPLOYMENT, dialect=dialect
    )


def openai(dialect: Dialect) -> Connect:
    return lambda server: RTClient(
        key_credential=AzureKeyCredential(KEY), model=DEPLOYMENT, dialect=dialect, base_url=f"{server.url}/v1"
    )


@pytest.fixture(params=["azure-preview", "azure-ga", "openai-preview", "openai-ga"])
def way(request: pytest.FixtureRequest) -> str:
    """To which service's address, in which dialect."""
    return str(request.param)


@pytest.fixture
def connect(way: str) -> Connect:
    service, dialect = way.split("-")
    return {"azure": azure, "openai": openai}[service](dialect)


@pytest.fixture
def exercises(way: str, exercised: Callable[..., None]) -> Callable[[str], None]:
    """`exercised` for this client on its way."""
    service, dialect = way.split("-")
    said = {"ga": "GA", "preview": "preview"}[dialect] + (", Azure's address" if service == "azure" else "")
    return lambda flow: exercised("`rtclient` for Python (ours)", installed_version("rtclient"), said, flow)


async def say(client: RTClient, text: str) -> None:
    await client.send_item(UserMessageItem(content=[InputTextContentPart(text=text)]))


async def read(response: RTResponse) -> tuple[str, bytes]:
    words, sound = "", b""
    async for item in response:
        assert isinstance(item, RTMessageItem)
        async for content in item:
            assert isinstance(content, RTAudioContent)
            words += "".join([piece async for piece in content.transcript_chunks()])
            sound += b"".join([piece async for piece in content.audio_chunks()])
    assert response.status == "completed"
    return words, sound


class TestTurns:
    async def test_text_to_audio(self, connect: Connect, server: Address, exercises: Callable[[str], None]) -> None:
        exercises("text_turn")
        async with connect(server) as client:
            session = await client.configure(turn_detection=NoTurnDetection(), modalities={"text", "audio"})
            assert session.turn_detection is None or session.turn_detection.type == "none"
            await say(client, "What is twelve times seven?")
            words, sound = await read(await client.generate_response())
        assert EIGHTY_FOUR.search(words)
        assert len(sound) > 500 * BYTES_PER_MS

    async def test_speech_under_server_vad(
        self, connect: Connect, server: Address, exercises: Callable[[str], None]
    ) -> None:
        exercises("spoken_turn")
        async with connect(server) as client:
            await client.configure(
                turn_detection=ServerVAD(silence_duration_ms=SILENCE_MS),
                input_audio_transcription=InputAudioTranscription(model="whisper-1"),
            )
            await client.send_audio(speech("what_is_twelve_times_seven"))
            events = client.events()
            asked = await anext(events)
            assert isinstance(asked, RTInputAudioItem)
            answer = await anext(events)
            assert isinstance(answer, RTResponse)
            words, sound = await read(answer)
            await asked
        assert EIGHTY_FOUR.search(words)
        assert len(sound) > 500 * BYTES_PER_MS
        assert asked.transcript is not None
        assert "times" in asked.transcript
        assert asked.audio_end_ms is not None

    async def test_speech_without_vad(
        self, connect: Connect, server: Address, exercises: Callable[[str], None]
    ) -> None:
        exercises("spoken turn without VAD")
        async with connect(server) as client:
            await client.configure(turn_detection=NoTurnDetection())
            await client.send_audio(b"\0" * 9600)
            await client.clear_audio()
            await client.send_audio(speech("what_is_twelve_times_seven"))
            asked = await client.commit_audio()
            await asked
            words, _ = await read(await client.generate_response())
            await client.remove_item(asked.id)
        assert EIGHTY_FOUR.search(words)

    async def test_function_call(self, connect: Connect, server: Address, exercises: Callable[[str], None]) -> None:
        exercises("tool_round_trip")
        async with connect(server) as client:
            await client.configure(tools=[WEATHER_TOOL])
            await say(client, "What's the weather in Boston?")
            (call,) = [item async for item in await client.generate_response()]
            assert isinstance(call, RTFunctionCallItem)
            await call
            assert call.function_name == "get_weather"
            assert "Boston" in json.loads(call.arguments)["location"]
            await client.send_item(FunctionCallOutputItem(call_id=call.call_id, output=WEATHER))
            words, _ = await read(await client.generate_response())
        assert EIGHTEEN.search(words)


class TestInterruption:
    async def test_barge_in_with_truncation(
        self, connect: Connect, paced_server: Address, exercises: Callable[[str], None]
    ) -> None:
        exercises("barge_in")
        async with connect(paced_server) as client:
            await client.configure(turn_detection=ServerVAD(silence_duration_ms=SILENCE_MS))
            await say(client, LONG_REQUEST)
            answer = await client.generate_response()
            item = await anext(aiter(answer))
            assert isinstance(item, RTMessageItem)
            content = await anext(aiter(item))
            assert isinstance(content, RTAudioContent)
            chunks = content.audio_chunks()
            received = 0
            while received < 2 * HEARD_MS * BYTES_PER_MS:
                received += len(await anext(chunks))
            await client.send_audio(speech("what_is_twelve_times_seven"))
            assert len([chunk async for chunk in chunks]) < 100, "it ends soon"
            # A refusal would end every wait from here on.
            await client.send(ItemTruncateMessage(item_id=item.id, content_index=0, audio_end_ms=HEARD_MS))
            assert [rest async for rest in answer] == []
            assert answer.status == "cancelled"
            assert answer.status_details is not None
            assert answer.status_details.type == "cancelled"
            assert answer.status_details.reason == "turn_detected"
            events = client.events()
            assert isinstance(await anext(events), RTInputAudioItem)
            following = await anext(events)
            assert isinstance(following, RTResponse)
            words, _ = await read(following)
            assert EIGHTY_FOUR.search(words)

    async def test_cancel(self, connect: Connect, paced_server: Address, exercises: Callable[[str], None]) -> None:
        exercises("cancel")
        async with connect(paced_server) as client:
            await say(client, LONG_REQUEST)
            answer = await client.generate_response()
            await anext(aiter(answer))
            await answer.cancel()
            assert answer.status == "cancelled"
            await answer.cancel()
            await say(client, "What is twelve times seven?")
            assert EIGHTY_FOUR.search((await read(await client.generate_response()))[0])


class TestRefusals:
    @pytest.mark.parametrize(
        ("key", "deployment", "status"), [("wrong", DEPLOYMENT, 401), (KEY, "of-somebody-else", 404)]
    )
    @pytest.mark.parametrize("dialect", ["preview", "ga"])
    async def test_at_the_handshake(
        self, dialect: Dialect, key: str, deployment: str, status: int, server: Address
    ) -> None:
        client = RTClient(server.url, None, AzureKeyCredential(key), None, deployment, dialect=dialect)
        with pytest.raises(ConnectionError, match=f"Received status code {status} from the server") as caught:
            await client.connect()
        assert caught.value.status == status
        assert caught.value.code
        assert caught.value.request_id

    async def test_by_an_error_event(self, connect: Connect, server: Address) -> None:
        async with connect(server) as client:
            with pytest.raises(RealtimeException) as caught:
                await client.remove_item("item_nobody_has")
            assert "item_nobody_has" in caught.value.message
            assert caught.value.request_id

    async def test_empty_commit(self, connect: Connect, server: Address) -> None:
        async with connect(server) as client:
            await client.configure(turn_detection=NoTurnDetection())
            await client.clear_audio()
            with pytest.raises(RealtimeException, match="buffer"):
                await client.commit_audio()


async def test_low_level_truncation(server: Address) -> None:
    async with RTLowLevelClient(server.url, None, AzureKeyCredential(KEY), None, DEPLOYMENT) as client:
        await client.send(ResponseCreateMessage())
        item_id = ""
        async for message in client:
            assert message.type != "error"
            if message.type == "response.output_item.added":
                item_id = message.item.id
            if message.type == "response.done":
                await client.send(ItemTruncateMessage(item_id=item_id, content_index=0, audio_end_ms=100))
            if isinstance(message, ItemTruncatedMessage):
                assert (message.item_id, message.content_index, message.audio_end_ms) == (item_id, 0, 100)
                break


class TestQuickstarts:
    """Exactly the files that users run."""

    @staticmethod
    def _check_tutorial(printed: str) -> None:
        lines = printed.splitlines()
        assert any(line.startswith("Received text delta: ") for line in lines)
        counts = [int(line.split()[1]) for line in lines if line.endswith("bytes of audio data.")]
        assert sum(counts) > 500 * BYTES_PER_MS

    async def test_with_a_key(self, server: Address) -> None:
        variables = environment(server, AZURE_OPENAI_API_KEY=KEY)
        self._check_tutorial(await run_program(variables, "text-in-audio-out-key.py"))

    async def test_without_a_key(self, keyless_server: ServeProcess) -> None:
        identity = {name: value for name, value in keyless_server.environment.items() if name.startswith("IDENTITY_")}
        variables = environment(Address(keyless_server.url), **identity)
        self._check_tutorial(await run_program(variables, "text-in-audio-out.py"))

    @pytest.mark.parametrize(
        ("command", "expected"),
        [
            (["audio-file.py", QUESTION, "OUT"], EIGHTY_FOUR.pattern),
            (["function-call.py"], EIGHTEEN.pattern),
            (["transcription.py", QUESTION], "Heard: .*twelve times seven"),
            (["translator.py", QUESTION, "OUT"], "Original: .*twelve times seven"),
        ],
        ids=lambda value: value[0] if isinstance(value, list) else "",
    )
    async def test_others(self, command: list[object], expected: str, server: Address, tmp_path: Path) -> None:
        out = tmp_path / "out.wav"
        variables = environment(server, AZURE_OPENAI_API_KEY=KEY)
        printed = await run_program(variables, *(out if part == "OUT" else part for part in command))
        assert re.search(expected, printed), printed
        assert ("OUT" not in command) or out.stat().st_size > 500 * BYTES_PER_MS

    @pytest.mark.parametrize(
        ("command", "unset", "sentence"),
        [
            (["text-in-audio-out-key.py"], "AZURE_OPENAI_API_KEY", "Set AZURE_OPENAI_API_KEY first"),
            (["text-in-audio-out.py"], "AZURE_OPENAI_ENDPOINT", "Set AZURE_OPENAI_ENDPOINT first"),
            (["function-call.py"], "AZURE_OPENAI_DEPLOYMENT_NAME", "Set AZURE_OPENAI_DEPLOYMENT_NAME first"),
            (["audio-file.py", "missing.wav", "out.wav"], "", "FileNotFoundError: .*missing.wav"),
            (["audio-file.py", "README.md", "out.wav"], "", "Error: .*RIFF"),
            (["audio-file.py"], "", "Usage: python audio-file.py question.wav answer.wav"),
            (["transcription.py"], "", "Usage: python transcription.py recording.wav"),
            (["translator.py", "a.wav", "b.wav", "Dutch", "more"], "", "Usage: python translator.py"),
        ],
        ids=lambda value: value[0] if isinstance(value, list) else "",
    )
    async def test_what_is_missing_is_one_line(
        self, command: list[str], unset: str, sentence: str, server: Address
    ) -> None:
        variables = environment(server, AZURE_OPENAI_API_KEY=KEY)
        variables.pop(unset, None)
        said = await self._failed(variables, *command)
        assert re.match(sentence, said), said
        assert said.count("\n") == 1

    async def test_a_server_that_is_not_there(self, server: Address) -> None:
        variables = environment(Address("http://127.0.0.1:9"), AZURE_OPENAI_API_KEY=KEY)
        said = await self._failed(variables, "function-call.py")
        assert said.startswith("UnreachableError: ")
        assert "Traceback" not in said

    async def test_no_sound_library(self, server: Address, tmp_path: Path) -> None:
        (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")')
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        variables = environment(server, AZURE_OPENAI_API_KEY=KEY, PYTHONPATH=path)
        said = await self._failed(variables, "microphone.py")
        assert said.startswith("PortAudio library not found. Type: pip install sounddevice")

    @staticmethod
    async def _failed(variables: dict[str, str], *command: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=QUICKSTARTS, env=variables, stderr=asyncio.subprocess.PIPE
        )
        _, said = await asyncio.wait_for(process.communicate(), 40)
        assert process.returncode == 1
        return said.decode()

    async def test_support_agent(self, server: Address) -> None:
        variables = environment(server, AZURE_OPENAI_API_KEY=KEY)
        printed = await run_program(variables, "support-agent.py", typed="What is the status of order 1002?\n\n")
        assert "[get_order_status" in printed
        assert "Friday" in printed.splitlines()[-1]

    async def test_microphone(self, server: Address, tmp_path: Path) -> None:
        printed = await talk(environment(server, AZURE_OPENAI_API_KEY=KEY), tmp_path)
        assert "times seven" in printed
        assert EIGHTY_FOUR.search(printed)
