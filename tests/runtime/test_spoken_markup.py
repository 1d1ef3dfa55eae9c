"""An answer with markup, from language engine to client: the voice gets what is speakable, transcript and history what
was written, and an interruption cuts that at the heard word."""

import pytest
from runtime_client import Client, connected

from voxwire.events.items import MessageItem, OutputAudio
from voxwire.interfaces.llm import LlmDone, LlmText
from voxwire.runtime.speakable.lines import CODE
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_tts import FakeTts

WRITTEN = (
    "## Plan\n\n1. **Open** the [manual](https://example.com/a/very/long/path) 📖\n2. Run:\n```sh\nrm -rf x\n```\nDone!"
)
SPOKEN = f"Plan.\n\n1. Open the manual .\n2. Run:\n{CODE}\nDone!"


def pieces(text: str, size: int = 3) -> list[LlmText | LlmDone]:
    return [*(LlmText(text=text[at : at + size]) for at in range(0, len(text), size)), LlmDone()]


async def answer(client: Client) -> str:
    """The transcript of an answer, as deltas and at the end."""
    await client.send("response.create")
    done = await client.wire.wait_for("response.done")
    assert done["response"]["status"] == "completed"
    [item] = done["response"]["output"]
    deltas = client.wire.all("response.output_audio_transcript.delta")
    assert "".join(event["delta"] for event in deltas) == item["content"][0]["transcript"]
    return str(item["content"][0]["transcript"])


async def history_after_cut(client: Client, llm: FakeLlm, ms: int) -> str:
    """What the language engine reads of its answer once the client has heard `ms` of it."""
    item = client.wire.all("response.output_item.done")[0]["item"]
    await client.send("conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=ms)
    await client.wire.wait_for("conversation.item.truncated")
    await client.send("response.create")
    await client.wire.wait_for("response.done", 2)
    message = llm.requests[-1].items[0]
    assert isinstance(message, MessageItem)
    assert isinstance(message.content[0], OutputAudio)
    return message.content[0].transcript


@pytest.mark.parametrize("word_times", [True, False])
async def test_the_voice_gets_the_speakable_text_and_the_transcript_the_written(word_times: bool) -> None:
    tts = FakeTts(word_times=word_times)
    async with connected(fake_service(fake_deployment(llm=FakeLlm(pieces(WRITTEN)), tts=tts))) as client:
        assert await answer(client) == WRITTEN
        assert tts.streams[0].text == SPOKEN
        assert client.spoken_ms() == 60 * len(SPOKEN)


@pytest.mark.parametrize(
    ("until", "kept"),
    [
        ("Open", "## Plan\n\n1. **Open**"),
        ("Open the manual", "## Plan\n\n1. **Open** the [manual](https://example.com/a/very/long/path)"),
        (f"Run:\n{CODE}", WRITTEN.removesuffix("\nDone!")),
    ],
)
@pytest.mark.parametrize("chunk_ms", [100, 5000])
async def test_a_cut_falls_behind_the_heard_word_as_it_was_written(until: str, kept: str, chunk_ms: float) -> None:
    llm = FakeLlm(pieces(WRITTEN))
    tts = FakeTts(word_times=True, chunk_ms=chunk_ms, patient=True)
    async with connected(fake_service(fake_deployment(llm=llm, tts=tts))) as client:
        await answer(client)
        heard = SPOKEN.index(until) + len(until)
        assert await history_after_cut(client, llm, 60 * heard) == kept


@pytest.mark.parametrize("word", ["Open", "manual", "Run", "code", "Done"])
async def test_a_voice_without_word_times_is_cut_where_it_was_in_the_text(word: str) -> None:
    """Within a delta, of 200 ms at most, characters are all that can be counted."""
    llm = FakeLlm(pieces(WRITTEN))
    async with connected(fake_service(fake_deployment(llm=llm, tts=FakeTts(patient=True)))) as client:
        await answer(client)
        kept = await history_after_cut(client, llm, 60 * (SPOKEN.index(word) + 1) + 200)
        assert WRITTEN.startswith(kept)
        for other in ("Open", "manual", "Run", "Done"):
            if SPOKEN.index(other) + len(other) < SPOKEN.index(word):
                assert other in kept
            if SPOKEN.index(other) > SPOKEN.index(word) + 10:
                assert other not in kept


@pytest.mark.parametrize("text", ["👍", "---", "![](a.png)", "\n"])
@pytest.mark.parametrize("word_times", [True, False])
async def test_an_answer_without_a_sound_ends_as_any_other(text: str, word_times: bool) -> None:
    llm = FakeLlm(text)
    tts = FakeTts(word_times=word_times)
    async with connected(fake_service(fake_deployment(llm=llm, tts=tts))) as client:
        assert await answer(client) == text


async def test_a_program_of_any_length_is_no_runaway_answer() -> None:
    """Text that is not spoken does not make the voice fall behind."""
    text = "So:\n```\n" + "x = 1\n" * 10_000 + "```\nDone."
    llm = FakeLlm(pieces(text, 1_000))
    tts = FakeTts(pace=1.0)
    async with connected(fake_service(fake_deployment(llm=llm, tts=tts))) as client:
        assert await answer(client) == text
        assert tts.streams[0].text == f"So:\n{CODE}\nDone."
