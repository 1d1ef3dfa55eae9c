"""The `llama` engine: a model file in llama.cpp's real server, in a child. Only the model is scripted."""

import asyncio
import gc
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from voxwire.engines.llm.llama.engine import LlamaEngine, engine
from voxwire.errors import ConfigurationError, EngineError
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.events.session_config import FunctionTool, NamedTool
from voxwire.interfaces.llm import FinishReason, LlmDone, LlmEvent, LlmRequest, LlmText, LlmToolArguments, LlmToolCall
from voxwire.testing.contract import LlmContract
from voxwire.testing.scripted_gguf import tool_call, word_pieces, write_model

SENTENCE = "Once upon a time somebody told long stories."
STORY = " ".join(f"word{number}" for number in range(300))
WEATHER = FunctionTool(
    name="get_weather",
    description="The weather in a place",
    parameters={"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
)


def asked(text: str = "Hello?", **changes: Any) -> LlmRequest:
    item = MessageItem(role=Role.USER, content=(InputText(text=text),))
    return LlmRequest(**{"instructions": "Be kind.", "items": (item,), **changes})


async def answer(llama: LlamaEngine, request: LlmRequest) -> list[LlmEvent]:
    return [event async for event in llama.respond(request)]


def words(events: list[LlmEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, LlmText))


#: Takes the chat template away: its name is another one then.
NO_TEMPLATE = (b"tokenizer.chat_template", b"tokenizer.chat_tempest!")


def altered(model: Path, target: Path, *replacements: tuple[bytes, bytes]) -> Path:
    """A copy of a model file in which something is otherwise, of the same length."""
    data = model.read_bytes()
    for before, after in replacements:
        assert before in data
        assert len(before) == len(after)
        data = data.replace(before, after)
    target.write_bytes(data)
    return target


def shown_to_others(pid: int) -> bytes:
    """What others may see of a process: its command and its environment."""
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def talker(folder: Path) -> Path:
    return write_model(folder / "talker.gguf", word_pieces(SENTENCE))


@pytest.fixture(scope="module")
def storyteller(folder: Path) -> Path:
    """Its answers end when its place is full."""
    return write_model(folder / "story.gguf", word_pieces(STORY), endless=True)


@pytest.fixture
async def running() -> AsyncIterator[Any]:
    """Starts engines, and closes them."""
    engines: list[LlamaEngine] = []

    async def start(model: Path, **options: Any) -> LlamaEngine:
        llama = engine({"model": str(model), "threads": 1, "context_tokens": 2_048, **options})
        engines.append(llama)
        await llama.start()
        return llama

    yield start
    for llama in engines:
        await llama.close()
        assert llama.pids == ()


class TestContract(LlmContract):
    model = ""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def file(cls, talker: Path) -> None:
        cls.model = str(talker)

    @classmethod
    def make_engine(cls) -> LlamaEngine:
        return engine({"model": cls.model, "threads": 1, "context_tokens": 4_096})


class TestAnswers:
    async def test_words_usage_and_what_it_can_do(self, running: Any, talker: Path) -> None:
        llama = await running(talker)
        assert llama.capabilities.info.label == "scripted", "the model's own name"
        assert llama.capabilities.context_tokens == 2_048
        assert llama.capabilities.local
        events = await answer(llama, asked())
        assert words(events) == SENTENCE
        assert isinstance(events[-1], LlmDone)
        assert events[-1].usage is not None

    @pytest.mark.parametrize("choice", ["auto", "required", NamedTool(name="get_weather")])
    async def test_tools(self, running: Any, folder: Path, choice: Any) -> None:
        script = tool_call("get_weather", '{"location": "', "Paris", '"}')
        llama = await running(write_model(folder / "tools.gguf", script))
        events = await answer(llama, asked(tools=(WEATHER,), tool_choice=choice))
        assert [event.name for event in events if isinstance(event, LlmToolCall)] == ["get_weather"]
        deltas = [event.delta for event in events if isinstance(event, LlmToolArguments)]
        assert len(deltas) > 1
        assert json.loads("".join(deltas)) == {"location": "Paris"}

    async def test_an_answer_ends_where_its_place_is_full(self, running: Any, storyteller: Path) -> None:
        llama = await running(storyteller, context_tokens=1_024)
        assert (await answer(llama, asked()))[-1].reason is FinishReason.MAX_TOKENS  # type: ignore[union-attr]

    async def test_a_conversation_that_is_too_long_says_so(self, running: Any, talker: Path) -> None:
        llama = await running(talker, context_tokens=1_024)
        with pytest.raises(EngineError) as caught:
            await answer(llama, asked("And then? " * 2_000))
        assert caught.value.code == "llm_context_exceeded"
        assert words(await answer(llama, asked())) == SENTENCE

    async def test_a_second_turn_reads_only_what_is_new(self, running: Any, talker: Path) -> None:
        llama = await running(talker)
        await llama.warm(asked(items=(), instructions="Be kind. " * 30))
        done = (await answer(llama, asked(instructions="Be kind. " * 30)))[-1]
        assert isinstance(done, LlmDone)
        assert done.usage is not None
        assert done.usage.cached_text > 0.8 * done.usage.input_text


class TestTheChild:
    def requested(self, llama: LlamaEngine, path: str, key: str | None = None) -> int:
        assert llama._pool is not None
        address = llama._pool.description["address"]
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            with urlopen(Request(address + path, headers=headers)) as reply:
                return int(reply.status)
        except HTTPError as refused:
            return refused.code

    async def test_it_listens_on_the_loopback_and_wants_its_own_key(self, running: Any, talker: Path) -> None:
        first, second = await running(talker), await running(talker)
        found = [llama._pool.description for llama in (first, second)]
        assert all(served["address"].startswith("http://127.0.0.1:") for served in found)
        assert found[0]["address"] != found[1]["address"]
        assert found[0]["key"] != found[1]["key"]
        for path in ("/v1/models", "/slots", "/props"):
            assert await asyncio.to_thread(self.requested, first, path) == 401
            assert await asyncio.to_thread(self.requested, first, path, found[1]["key"]) == 401
        assert await asyncio.to_thread(self.requested, first, "/v1/models", found[0]["key"]) == 200
        assert found[0]["key"].encode() not in shown_to_others(first.pids[0])

    async def test_when_it_dies_the_answer_fails_and_the_next_one_comes(
        self, running: Any, storyteller: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        llama = await running(storyteller)
        (before,) = llama.pids
        async with aclosing(llama.respond(asked())) as events:
            await anext(events)
            os.kill(before, signal.SIGKILL)
            with pytest.raises(EngineError) as caught:
                async for _ in events:
                    pass
        assert caught.value.code == "llm_disconnected"
        async with aclosing(llama.respond(asked())) as events:
            assert isinstance(await anext(events), LlmText)
        assert llama.pids not in ((), (before,))
        assert "worker llama" in caplog.text

    async def test_when_it_dies_before_the_first_word_its_successor_is_asked(
        self, running: Any, storyteller: Path
    ) -> None:
        llama = await running(storyteller)
        (before,) = llama.pids
        os.kill(before, signal.SIGSTOP)  # it takes the question, and does not answer
        first = asyncio.ensure_future(anext(llama.respond(asked())))
        await asyncio.wait({first}, timeout=0.5)  # time for the question to get there, which decides nothing
        os.kill(before, signal.SIGKILL)
        assert isinstance(await asyncio.wait_for(first, 30), LlmText)

    async def test_nothing_that_was_said_reaches_the_log(
        self, running: Any, talker: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        llama = await running(talker, context_tokens=1_024)
        for text in ("my secret", "my secret " * 2_000, "\ud83d my secret"):
            try:
                await answer(llama, asked(text))
            except EngineError:
                pass
        await llama.close()
        own = [record.getMessage() for record in caplog.records if record.name.startswith("voxwire")]
        assert not [line for line in own if "secret" in line or SENTENCE in line]

    def test_it_dies_with_its_parent(self, talker: Path) -> None:
        program = (
            "import asyncio, sys\n"
            "from voxwire.engines.llm.llama.engine import engine\n"
            "async def main():\n"
            "    llama = engine({'model': sys.argv[1], 'threads': 1, 'context_tokens': 512})\n"
            "    await llama.start()\n"
            "    print(llama.pids[0], flush=True)\n"
            "    await asyncio.Event().wait()\n"
            "asyncio.run(main())\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(talker)], stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            assert Path(f"/proc/{child}").exists()
            parent.kill()
        deadline = time.monotonic() + 10
        while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not Path(f"/proc/{child}").exists()


class TestLeaving:
    async def test_the_place_is_free_at_once(self, running: Any, storyteller: Path) -> None:
        """Aimed at are 100 ms, which `bench/models.py` measures; uninterrupted it would write for many seconds."""
        llama = await running(storyteller, parallel=1)
        async with aclosing(llama.respond(asked())) as events:
            await anext(events)
            assert llama.queue == 1, "there is no place beside it"
        assert llama.queue == 0
        began = time.monotonic()
        async with aclosing(llama.respond(asked())) as events:
            await anext(events)
        took_ms = (time.monotonic() - began) * 1000
        print(f"left to first word of the next: {took_ms:.0f} ms")
        assert took_ms < 5_000

    async def test_sixteen_conversations_take_turns(self, running: Any, talker: Path) -> None:
        llama = await running(talker, parallel=2)
        order: list[str] = []

        async def converse(key: str) -> None:
            for _ in range(2):
                assert words(await answer(llama, asked(session_key=key))) == SENTENCE
                order.append(key)

        await asyncio.gather(*(converse(f"s{number}") for number in range(16)))
        assert len(set(order[:17])) >= 15, "nobody has a second answer long before others have their first"
        assert llama.queue == 0

    async def test_two_hundred_conversations_leave_nothing(self, running: Any, talker: Path) -> None:
        """`bench/language_models.py` prints the memory; here it is what would grow with each conversation."""
        llama = await running(talker, parallel=4, cache_mib=8)

        async def conversations(name: str, count: int) -> tuple[int, float]:
            for group in range(0, count, 4):
                keys = [f"{name}{group + one}" for one in range(4)]
                await asyncio.gather(*(answer(llama, asked(key, session_key=key)) for key in keys))
            gc.collect()
            return len(gc.get_objects()), resident_mib(llama.pids[0])

        objects, resident = await conversations("first", 40)
        more_objects, more_resident = await conversations("then", 200)
        print(f"objects {objects} → {more_objects}, llama.cpp {resident:.1f} → {more_resident:.1f} MiB")
        assert more_objects - objects < 400, "two objects a conversation would be too many"
        assert more_resident - resident < 16
        assert llama.queue == 0


class TestRefused:
    """At the start, with one sentence."""

    async def refusal(self, model: Path | str, **options: Any) -> str:
        llama = engine({"model": str(model), "threads": 1, **options})
        with pytest.raises(ConfigurationError) as caught:
            await llama.start()
        await llama.close()
        assert llama.pids == ()
        return str(caught.value)

    async def test_a_wrong_path(self, folder: Path) -> None:
        assert "is not there" in await self.refusal(folder / "nothing.gguf")

    async def test_a_name_that_the_catalogue_does_not_have(self) -> None:
        assert "There is no model 'gemma-3-271m' in the catalogue" in await self.refusal("gemma-3-271m")

    async def test_a_model_for_another_engine(self) -> None:
        assert "not for llama" in await self.refusal("whisper-base")

    async def test_a_folder(self, folder: Path, talker: Path, tmp_path: Path) -> None:
        assert "It has none" in await self.refusal(tmp_path)
        (tmp_path / "mmproj-x.gguf").write_bytes(b"")
        (tmp_path / "a.gguf").symlink_to(talker)
        (tmp_path / "b.gguf").symlink_to(talker)
        assert "It has: a.gguf, b.gguf." in await self.refusal(tmp_path)

    @pytest.mark.parametrize(
        "data", [b"", b"GGUF", b"GGUF and nothing else", b"<html>404</html>", b"GGUF\3\0\0\0" + b"\xff" * 64]
    )
    async def test_no_model_at_all(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "x.gguf").write_bytes(data)
        assert "is no GGUF model that can be used" in await self.refusal(tmp_path / "x.gguf")

    @pytest.mark.parametrize("share", [0.001, 0.02, 0.3])
    async def test_a_model_that_was_fetched_in_part(self, talker: Path, tmp_path: Path, share: float) -> None:
        part = altered(talker, tmp_path / "x.gguf")
        os.truncate(part, int(len(talker.read_bytes()) * share))  # noqa: ASYNC240
        assert "its end is missing" in await self.refusal(part)

    async def test_a_part_that_is_missing(self, talker: Path, tmp_path: Path) -> None:
        (tmp_path / "x-00001-of-00002.gguf").symlink_to(talker)
        assert "cannot be read: No such file" in await self.refusal(tmp_path / "x-00001-of-00002.gguf")

    async def test_a_model_without_a_chat_template(self, talker: Path, tmp_path: Path) -> None:
        """llama.cpp would take another one, and the model would talk rubbish."""
        base = altered(talker, tmp_path / "base.gguf", NO_TEMPLATE)
        assert "has no chat template, so it was not made to talk" in await self.refusal(base)

    async def test_a_template_of_ones_own(self, running: Any, talker: Path, tmp_path: Path) -> None:
        base = altered(talker, tmp_path / "base.gguf", NO_TEMPLATE)
        (tmp_path / "own.jinja").write_text("{% for message in messages %}{{ message.content }}{% endfor %}<|turn0|>")
        llama = await running(base, chat_template=str(tmp_path / "own.jinja"))
        assert words(await answer(llama, asked())) == SENTENCE

    @pytest.mark.parametrize(
        ("text", "says"), [(None, "cannot be read"), (b"  ", "is empty"), (b"\xff\xfe", "is no text")]
    )
    async def test_a_template_that_is_none(self, talker: Path, tmp_path: Path, text: bytes | None, says: str) -> None:
        if text is not None:
            (tmp_path / "t.jinja").write_bytes(text)
        assert says in await self.refusal(talker, chat_template=str(tmp_path / "t.jinja"))

    async def test_a_file_at_which_llama_cpp_ends_the_process(self, talker: Path, tmp_path: Path) -> None:
        """Two words that are the same: an assertion of llama.cpp."""
        twice = altered(talker, tmp_path / "twice.gguf", ("▁long".encode(), "▁time".encode()))
        assert "llama.cpp ended while it loaded" in await self.refusal(twice)

    async def test_a_kind_of_model_that_llama_cpp_does_not_know(self, talker: Path, tmp_path: Path) -> None:
        kind = b"\5\0\0\0\0\0\0\0llama"
        other = altered(talker, tmp_path / "x.gguf", (b"llama.", b"lhama."), (kind, kind.replace(b"llama", b"lhama")))
        assert "llama.cpp cannot serve the model" in await self.refusal(other)

    async def test_a_model_that_does_not_fit(self, talker: Path, tmp_path: Path) -> None:
        huge = altered(talker, tmp_path / "huge.gguf")
        os.truncate(huge, 1 << 42)  # sparse: 4 TiB
        said = await self.refusal(huge)
        assert "does not fit" in said
        assert "it needs 4096.0 GiB of memory" in said

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({}, "needs model"),
            ({"model": ""}, "needs model"),
            ({"model": "x", "modle": "y"}, "has no option modle; it knows: model"),
            ({"model": "x", "threads": 0}, "option threads"),
            ({"model": "x", "parallel": 1000}, "option parallel"),
            ({"model": "x", "context_tokens": "s3cret"}, "option context_tokens"),
        ],
    )
    def test_options_that_cannot_be_meant(self, options: dict[str, Any], says: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            engine(options)
        assert says in str(caught.value)
        assert "s3cret" not in str(caught.value)

    def test_without_the_library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.engines.declared_options.find_spec", lambda name: None)
        with pytest.raises(ModuleNotFoundError) as caught:
            engine({"model": "x"})
        assert caught.value.name == "xllamacpp"
