"""What the language engines cost with llama.cpp's real server: `python bench/language_models.py`.

Everything is measured in one run, and what is compared, in turns: the first token through the engine and through a
bare socket; how soon a place is free when an answer is left; how long 16 conversations wait for each other; and what is
left in memory after 200 of them. The model says what it was told to (`voxwire.testing.scripted_gguf`), so nothing is
measured but the way to it; `--model` takes a true one.
"""

import argparse
import asyncio
import gc
import json
import statistics
import tempfile
import time
import urllib.request
from contextlib import aclosing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

from voxwire.engines.llm.chat.request_body import RequestBody
from voxwire.engines.llm.llama.engine import LlamaEngine, engine
from voxwire.events.items import InputText, Item, MessageItem, OutputText, Role
from voxwire.interfaces.llm import LlmRequest, LlmText
from voxwire.testing.scripted_gguf import word_pieces, write_model

_INSTRUCTIONS = "You answer the telephone of a small hotel. Breakfast is from seven to ten. " * 4
_ANSWER = "Breakfast is from seven to ten, on weekends until eleven in our garden."
_STORY = " ".join(f"word{number}" for number in range(300))


def question(*items: Item, key: str = "bench", text: str = "When is breakfast?") -> LlmRequest:
    asked = MessageItem(role=Role.USER, content=(InputText(text=text),))
    return LlmRequest(instructions=_INSTRUCTIONS, items=(*items, asked), session_key=key)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def served(llama: LlamaEngine) -> tuple[str, str]:
    """Address and key of the child."""
    assert llama._pool is not None
    return llama._pool.description["address"], llama._pool.description["key"]


# --- first token ----------------------------------------------------------------------------------


class Bare:
    """A client that is nothing but a socket, a new one each time: llama.cpp closes it after each answer."""

    def __init__(self, llama: LlamaEngine, request: LlmRequest) -> None:
        address, key = served(llama)
        url = urlsplit(address)
        self._place = url.hostname, url.port
        body = RequestBody(llama._options.chat(address, key, 8_192)).encode(request, "scripted")
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        self._request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def first_token_ms(self) -> float:
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection(*self._place)
        writer.write(self._request)
        await reader.readuntil(b'"content":"')
        took = time.perf_counter() - began
        await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.close()
        return took * 1000


async def first_token_ms(llama: LlamaEngine, request: LlmRequest) -> float:
    began, took = time.perf_counter(), 0.0
    async with aclosing(llama.respond(request)) as events:
        async for event in events:
            if not took and isinstance(event, LlmText):
                took = time.perf_counter() - began
    return took * 1000


async def measure_first_token(llama: LlamaEngine, rounds: int) -> None:
    request = question()
    bare, ours = [], []
    client = Bare(llama, request)
    for number in range(rounds + 3):
        pair = await client.first_token_ms(), await first_token_ms(llama, request)
        if number >= 3:  # the first ones open connections
            bare.append(pair[0])
            ours.append(pair[1])
    more = statistics.median([mine - other for mine, other in zip(ours, bare, strict=True)])
    print(
        f"first token: bare socket {statistics.median(bare):.2f} ms, engine {statistics.median(ours):.2f} ms, "
        f"{more:+.2f} ms in the median of {rounds} pairs"
    )


# --- leaving --------------------------------------------------------------------------------------


def _free_at(address: str, key: str) -> float:
    """Wait until no answer is being written; when that was."""
    request = urllib.request.Request(f"{address}/slots", headers={"Authorization": f"Bearer {key}"})
    while True:
        with urllib.request.urlopen(request) as reply:
            if not any(slot["is_processing"] for slot in json.load(reply)):
                return time.perf_counter()
        time.sleep(0.001)


async def measure_leaving(llama: LlamaEngine, rounds: int) -> None:
    times = []
    for _ in range(rounds):
        async with aclosing(llama.respond(question(text="Tell me a story."))) as events:
            for _ in range(3):
                await anext(events)
            left = time.perf_counter()
        times.append((await asyncio.to_thread(_free_at, *served(llama)) - left) * 1000)
    print(
        f"left, then free: median {statistics.median(times):.1f} ms, p95 {percentile(times, 0.95):.1f} ms, "
        f"at most {max(times):.1f} ms, of {rounds}"
    )


# --- many -----------------------------------------------------------------------------------------


async def converse(llama: LlamaEngine, key: str, turns: int) -> list[float]:
    """A conversation that grows; milliseconds to the first word of each answer."""
    items: list[Item] = []
    times = []
    for number in range(turns):
        request = question(*items, key=key, text=f"Question {number}: when is breakfast?")
        began, first, words = time.perf_counter(), 0.0, ""
        async for event in llama.respond(request):
            if isinstance(event, LlmText):
                first = first or time.perf_counter() - began
                words += event.text
        times.append(first * 1000)
        items += [request.items[-1], MessageItem(role=Role.ASSISTANT, content=(OutputText(text=words),))]
    return times


async def measure_crowd(llama: LlamaEngine, turns: int, conversations: int = 16) -> None:
    alone = statistics.median(await converse(llama, "alone", turns))
    began = time.perf_counter()
    each = await asyncio.gather(*(converse(llama, f"s{number}", turns) for number in range(conversations)))
    took = time.perf_counter() - began
    waits = [max(0.0, first - alone) for times in each for first in times]
    means = [statistics.mean(times) for times in each]
    print(
        f"{conversations} conversations at once, {turns} answers each ({took:.1f} s); alone {alone:.0f} ms to a word; "
        f"waiting for others: p50 {statistics.median(waits):.0f}, p95 {percentile(waits, 0.95):.0f}, "
        f"at most {max(waits):.0f} ms; the longest mean is {max(means) / min(means):.2f} times the shortest"
    )


def memory_mib(pid: int | str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def measure_memory(llama: LlamaEngine, conversations: int = 200, turns: int = 3) -> None:
    rows = []
    for group in range(0, conversations + 1, conversations // 4):
        gc.collect()
        rows.append((group, memory_mib("self"), memory_mib(llama.pids[0])))
        if group < conversations:
            for number in range(0, conversations // 4, 8):
                keys = [f"m{group + number + one}" for one in range(8)]
                await asyncio.gather(*(converse(llama, key, turns) for key in keys))
    told = ", ".join(f"{count}: {ours:.1f} + {child:.1f}" for count, ours, child in rows)
    print(f"MiB of the server's process and of llama.cpp's after so many conversations of {turns} turns: {told}")


# --- command line ---------------------------------------------------------------------------------


async def run(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        common: dict[str, Any] = {
            "threads": options.threads,
            "context_tokens": 4_096,
            "max_tokens": 40,
            "cache_mib": 64,
        }
        if options.model:
            answers = stories = {**common, "model": options.model, "stop": ["\n"], "tools": False}
            if options.template:
                answers["chat_template"] = options.template
        else:
            plain = write_model(Path(folder) / "answer.gguf", word_pieces(_ANSWER))
            endless = write_model(Path(folder) / "story.gguf", word_pieces(_STORY), endless=True)
            answers = {**common, "model": str(plain)}
            stories = {**common, "model": str(endless), "max_tokens": None}
        for options_of, measure in ((answers, _with_answers), (stories, measure_leaving)):
            llama = engine(options_of)
            await llama.start()
            try:
                await measure(llama, options.rounds)
            finally:
                await llama.close()


async def _with_answers(llama: LlamaEngine, rounds: int) -> None:
    await measure_first_token(llama, rounds)
    await measure_crowd(llama, turns=4)
    await measure_memory(llama)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python bench/language_models.py", description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a GGUF file or a name of the catalogue, instead of the scripted models")
    parser.add_argument("--template", help="a chat template for it")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=50)
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
