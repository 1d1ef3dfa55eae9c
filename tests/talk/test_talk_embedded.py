"""`voxwire talk` and `./demo` with a real server on the embedded engines."""

import asyncio
import re
import sys
import wave
from pathlib import Path

import pytest
import soundfile

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
WEATHER_TOOLS = ROOT / "examples" / "tools" / "weather.json"

pytestmark = pytest.mark.engines


async def run(*command: object) -> str:
    """What a command that must succeed prints."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    shown, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return shown.decode()


async def talk(*arguments: object) -> str:
    return await run(sys.executable, "-m", "voxwire", "talk", *arguments)


def spoken(shown: str, label: str) -> str:
    """What stands under a label, unfolded."""
    return " ".join(re.findall(rf"^{label} +(.*(?:\n {{9}}\S.*)*)", shown, re.MULTILINE))


def latency(shown: str, stage: str) -> int:
    (found,) = re.findall(rf"^ +{stage} +([\d,]+)$", shown, re.MULTILINE)
    return int(found.replace(",", ""))


async def test_demo(tmp_path: Path) -> None:
    answer = tmp_path / "answer.wav"
    shown = await run("./demo", "-o", answer)
    assert spoken(shown, "You") == "what is twelve times seven"
    assert "answered by Voxwire offline assistant (rule-based, not a language model)" in " ".join(
        spoken(shown, "Session").split()
    )
    assert re.search(r"\b84\b|eighty.four", spoken(shown, "Voxwire"))
    assert 500 <= latency(shown, "end of turn noticed") <= latency(shown, "first sound of the answer")
    with wave.open(str(answer)) as file:
        assert file.getnframes() > file.getframerate() // 2, "more than half a second of speech"


@pytest.mark.parametrize("dialect", ["ga", "preview"])
async def test_calls_a_tool_with_the_city_that_was_said(dialect: str) -> None:
    question = FIXTURES / "whats_the_weather_in_san_francisco_24k.wav"
    shown = await talk(question, "--tools", WEATHER_TOOLS, "--dialect", dialect)
    (arguments,) = re.findall(r"get_weather\((.*)\)", shown)
    assert "San Francisco" in arguments
    assert "18" in spoken(shown, "Voxwire") or "eighteen" in spoken(shown, "Voxwire")


async def test_a_compressed_question_at_another_rate(tmp_path: Path) -> None:
    samples, rate = soundfile.read(FIXTURES / "what_is_twelve_times_seven_24k.wav")
    question = tmp_path / "question.flac"
    soundfile.write(question, samples.repeat(2), rate * 2)
    assert "twelve times seven" in spoken(await talk(question), "You")


async def test_a_typed_question() -> None:
    assert "84" in spoken(await talk("--text", "What is twelve times seven?"), "Voxwire")
