"""A support agent, an assistant, a live translator, as `examples/` has them, on engines that a person would use.

Whisper hears, Piper speaks, and llama.cpp writes. Its model is a script, so that it is known what has to be said.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from voxwire.testing.live_server import serve_process
from voxwire.testing.scripted_gguf import tool_call, word_pieces, write_model

_CLIENTS = Path(__file__).parents[1] / "clients"
sys.path[:0] = [str(_CLIENTS), str(_CLIENTS / "programs")]

from client_environment import KEY, Address  # noqa: E402
from quickstart_programs import QUESTION, environment, run_program, talk  # noqa: E402

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

SCRIPTS = {
    "support": (
        tool_call("get_order_status", '{"order_number": "', "1002", '"}'),
        word_pieces("It arrives on Friday."),
    ),
    "assistant": (word_pieces("Twelve times seven is eighty-four."),),
    "translator": (word_pieces("¿Cuánto es doce por siete?"),),
}
DEPLOYMENT = """
[deployments.{name}]
stt = {{ name = "whisper", model = "whisper-tiny.en" }}
tts = {{ name = "piper", model = "piper-en-us-joe-medium" }}
llm = {{ name = "llama", model = {model} }}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Address]:
    folder = tmp_path_factory.mktemp("models")
    config = folder / "voxwire.toml"
    models = {name: write_model(folder / f"{name}.gguf", *scripts) for name, scripts in SCRIPTS.items()}
    tables = [DEPLOYMENT.format(name=name, model=json.dumps(str(path))) for name, path in models.items()]
    config.write_text("".join(tables))
    serving = serve_process("--config", str(config), environment={"VOXWIRE_AUTH__API_KEYS": KEY})
    process = await asyncio.to_thread(serving.__enter__)
    try:
        yield Address(process.url)
    finally:
        await asyncio.to_thread(serving.__exit__, None, None, None)


def variables(server: Address, deployment: str) -> dict[str, str]:
    return dict(environment(server, AZURE_OPENAI_API_KEY=KEY, AZURE_OPENAI_DEPLOYMENT_NAME=deployment))


async def test_support_agent(server: Address) -> None:
    printed = await run_program(variables(server, "support"), "support-agent.py", typed="Where is my order 1002?\n\n")
    assert '[get_order_status {"order_number": "1002"}: {"status": "being packed", "arrives": "Friday"}]' in printed
    last = printed.splitlines()[-1]
    assert last.startswith("Agent: It arrives on Friday. (")
    assert int(last.partition("(")[2].split()[0]) > 48_000, "more than a second of speech"


async def test_assistant(server: Address, tmp_path: Path) -> None:
    printed = await talk(variables(server, "assistant"), tmp_path)
    assert "You: What is 12 times 7?" in printed or "You: What is twelve times seven?" in printed
    assert "Assistant: Twelve times seven is eighty-four." in printed


async def test_live_translator(server: Address, tmp_path: Path) -> None:
    sound = tmp_path / "translation.wav"
    printed = await run_program(variables(server, "translator"), "translator.py", QUESTION, sound, "Spanish")
    assert "Spanish: ¿Cuánto es doce por siete?" in printed
    assert sound.stat().st_size > 48_000
