"""rt-client/audio in a real browser: its modules as they are in the repository, under a strict policy."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from browser_support import ROOT, Launch, Recording, static_server
from playwright.async_api import Page

POLICY = {"content-security-policy": "default-src 'none'; script-src 'self'"}

MAIN = """
import * as audio from "./src/audio/index.js";

// PCM16 of a 440 Hz tone whose root mean square is 0.25.
const sine = (i) => 0.25 * Math.SQRT2 * 32767 * Math.sin((2 * Math.PI * 440 * i) / 24000);
const tone = (ms) => new Uint8Array(Int16Array.from({ length: 24 * ms }, (_, i) => sine(i)).buffer);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const part = { itemId: "item_1", contentIndex: 0 };

// What comes out of the player, counted by another worklet behind it.
async function tap(player) {
  const { context } = player.output;
  await context.audioWorklet.addModule("./tap.js");
  const node = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
  player.output.connect(node);
  return () => new Promise((resolve) => {
    const samplesPerMs = context.sampleRate / 1000;
    node.port.onmessage = ({ data: { heard, silent } }) => {
      if (heard !== undefined) resolve({ heardMs: heard / samplesPerMs, silentMs: silent / samplesPerMs });
    };
    node.port.postMessage("ask");
  });
}

// Milliseconds until the first sample after silence comes out, asked for by `play`.
async function onsets(output, count, play) {
  await output.context.audioWorklet.addModule("./tap.js");
  const node = new AudioWorkletNode(output.context, "tap", { numberOfOutputs: 0 });
  output.connect(node);
  const measured = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const onset = new Promise((resolve) => (node.port.onmessage = () => resolve(performance.now() - start)));
    play(i);
    measured.push(await onset);
    // Contexts work every 10 ms, each at times of its own: meet both at all of them.
    await wait(201 + 13 * i);
  }
  return measured;
}

Object.assign(globalThis, { audio, tone, wait, part, tap, onsets });
"""

TAP = """
registerProcessor("tap", class extends AudioWorkletProcessor {
  #heard = 0;
  #silent = 0;
  constructor() {
    super();
    this.port.onmessage = () => this.port.postMessage({ heard: this.#heard, silent: this.#silent });
  }
  process([[samples]]) {
    for (const sample of samples ?? []) {
      if (sample === 0) this.#silent++;
      else {
        if (this.#silent > sampleRate / 10 || this.#heard === 0) this.port.postMessage("onset");
        this.#heard++;
        this.#silent = 0;
      }
    }
    return true;
  }
});
"""

#: The least that can play: a worklet that plays what it gets as it comes.
BARE = """
registerProcessor("bare", class extends AudioWorkletProcessor {
  #samples = new Float32Array(0);
  #played = 0;
  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#samples = data;
      this.#played = 0;
    };
  }
  process(_, [[output]]) {
    const piece = this.#samples.subarray(this.#played, this.#played + output.length);
    output.set(piece);
    this.#played += piece.length;
    return true;
  }
});
"""

#: A browser whose contexts have the device's rate and no other.
REFUSE_CONTEXTS = """
globalThis.AudioContext = class extends AudioContext {
  constructor(options) {
    if (options?.sampleRate === 24000) throw new DOMException("no such rate", "NotSupportedError");
    super(options);
  }
};
"""
#: A browser that resamples no microphones, as Firefox before it learned to.
REFUSE_SOURCES = """
const create = AudioContext.prototype.createMediaStreamSource;
AudioContext.prototype.createMediaStreamSource = function (stream) {
  if (this.sampleRate === 24000) throw new DOMException("different sample-rate", "NotSupportedError");
  return create.call(this, stream);
};
"""

OpenPage = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text('<!doctype html><title>audio</title><script type="module" src="main.js"></script>')
    (site / "main.js").write_text(MAIN)
    (site / "tap.js").write_text(TAP)
    (site / "bare.js").write_text(BARE)
    (site / "src").symlink_to(ROOT / "clients" / "javascript" / "src")
    with static_server(site, POLICY) as url:
        yield url


@pytest.fixture
def open_page(address: str, launch: Launch) -> OpenPage:
    """`async with open_page(recording, script) as page`; the script runs before all others."""

    @asynccontextmanager
    async def opened(recording: Path | None = None, script: str = "") -> AsyncIterator[Page]:
        async with launch(recording) as browser:
            page = await browser.new_page()
            await page.add_init_script(script)
            await page.goto(address)
            yield page

    return opened


@pytest.mark.parametrize(
    ("script", "rate"), [("", 24_000), (REFUSE_CONTEXTS, None)], ids=["24 kHz", "the device's rate"]
)
async def test_what_is_played_is_heard(open_page: OpenPage, script: str, rate: int | None) -> None:
    async with open_page(script=script) as page:
        result = await page.evaluate("""async () => {
            const log = [];
            const finished = Promise.withResolvers();
            const player = await audio.Player.open({
                onStarted: ({ part, heardAt }) => log.push(["started", part.itemId, heardAt - performance.now()]),
                onProgress: ({ playedMs }) => log.push(["progress", playedMs, player.level]),
                onFinished: finished.resolve,
            });
            const ask = await tap(player);
            player.play(tone(500), part);
            for (let i = 0; i < 5; i++) player.play(tone(100), part);
            player.finish(part);
            await finished.promise;
            const { heardMs } = await ask();
            const result = { log, heardMs, rate: player.output.context.sampleRate, playing: player.playing };
            await Promise.all([player.close(), player.close()]);
            return { ...result, after: await player.clear() };
        }""")
    log = result["log"]
    assert [entry[0] for entry in log if entry[0] != "progress"] == ["started"]
    assert abs(log[0][2]) < 300  # milliseconds until it is heard
    progress = [entry[1] for entry in log if entry[0] == "progress"]
    assert progress == sorted(progress)
    assert 8 <= len(progress) <= 12
    assert 995 <= progress[-1] <= 1000
    # The tone passes through zero now and then.
    assert result["heardMs"] == pytest.approx(1000, abs=15)
    assert max(entry[2] for entry in log if entry[0] == "progress") == pytest.approx(0.25, rel=0.05)
    assert rate in (None, result["rate"])
    assert rate or result["rate"] != 24_000
    assert not result["playing"]
    assert result["after"] == []


@pytest.mark.parametrize("script", ["", REFUSE_CONTEXTS], ids=["24 kHz", "the device's rate"])
async def test_clear_is_silence_and_tells_what_was_heard(open_page: OpenPage, script: str) -> None:
    async with open_page(script=script) as page:
        result = await page.evaluate("""async () => {
            const player = await audio.Player.open();
            const ask = await tap(player);
            player.play(tone(4000), part);
            await wait(1000);
            const asked = performance.now();
            const cuts = await player.clear();
            player.play(tone(500), part);  // too late: it was cut
            const { heardMs } = await ask();
            const answeredMs = performance.now() - asked;
            await wait(300);
            const after = await ask();
            return { cuts, heardMs, answeredMs, after, level: player.level, playing: player.playing };
        }""")
    [cut] = result["cuts"]
    assert (cut["itemId"], cut["contentIndex"]) == ("item_1", 0)
    # The tap hears the fading, too, and not the tone's zeros.
    assert cut["playedMs"] == pytest.approx(result["after"]["heardMs"], abs=15)
    assert result["after"]["heardMs"] - cut["playedMs"] < 50
    # Of the last 300 ms all but those of the fading were silent.
    assert result["after"]["silentMs"] > 250
    assert result["level"] == 0
    assert not result["playing"]
    more_ms = result["after"]["heardMs"] - cut["playedMs"]
    print(f"clear: answered after {result['answeredMs']:.1f} ms, heard {more_ms:.1f} ms more")


async def test_playing_begins_about_as_soon_as_a_bare_worklet_does(open_page: OpenPage) -> None:
    async with open_page() as page:
        ours, bare = await page.evaluate("""async () => {
            const player = await audio.Player.open();
            const context = new AudioContext({ sampleRate: 24000, latencyHint: "interactive" });
            await context.audioWorklet.addModule("./bare.js");
            const bare = new AudioWorkletNode(context, "bare", { numberOfInputs: 0 });
            bare.connect(context.destination);
            const samples = new Float32Array(2400).fill(0.25);
            const both = await Promise.all([
                onsets(player.output, 15, (i) => player.play(tone(100), { itemId: `item_${i}`, contentIndex: 0 })),
                onsets(bare, 15, () => bare.port.postMessage(samples)),
            ]);
            return both.map((onsets) => onsets.sort((a, b) => a - b)[7]);
        }""")
    print(f"onset: {ours:.1f} ms, of a bare worklet {bare:.1f} ms (medians)")
    # Half of it more, and as much as the timers of a page are apart.
    assert ours <= 1.5 * bare + 5


@pytest.mark.parametrize(
    "script", ["", REFUSE_CONTEXTS, REFUSE_SOURCES], ids=["24 kHz", "the device's rate", "older Firefox"]
)
async def test_what_is_said_is_captured(open_page: OpenPage, recording: Recording, script: str) -> None:
    async with open_page(recording(0.5, "tell_me_a_story_about_a_dragon", 60.0), script) as page:
        result = await page.evaluate("""async () => {
            const frames = [];
            const levels = [];
            const microphone = await audio.Microphone.open({ onFrame: (frame) => {
                frames.push([frame.length, performance.now()]);
                levels.push(microphone?.level ?? 0);
            } });
            await wait(3000);
            microphone.muted = true;
            await wait(300);
            const muted = frames.length;
            await wait(300);
            const silent = levels.slice(muted);
            const devices = await audio.listMicrophones();
            await Promise.all([microphone.close(), microphone.close()]);
            const closed = frames.length;
            await wait(100);
            return { frames, levels, silent, devices, label: microphone.label, late: frames.length - closed };
        }""")
    frames = result["frames"]
    assert {length for length, _ in frames} == {960}
    # By the clock of the page, frame for frame: none is missing.
    elapsed = frames[-1][1] - frames[0][1]
    assert len(frames) - 1 == pytest.approx(elapsed / 20, abs=6)
    assert max(result["levels"]) > 0.02
    assert sum(level > 0.01 for level in result["levels"]) > 20
    assert len(result["silent"]) > 10
    assert set(result["silent"]) == {0}
    assert result["late"] == 0
    assert result["label"] in [device["label"] for device in result["devices"]]


async def code_of_microphone(page: Page, options: str = "{ onFrame() {} }") -> str:
    return await page.evaluate(f"audio.Microphone.open({options}).then(() => 'open', (e) => `${{e.name}} ${{e.code}}`)")


async def test_no_microphone(open_page: OpenPage, recording: Recording) -> None:
    async with open_page() as page:
        assert await code_of_microphone(page) == "AudioError microphone_missing"
    async with open_page(recording(1.0)) as page:
        gone = "{ onFrame() {}, deviceId: 'gone' }"
        assert await code_of_microphone(page, gone) == "AudioError microphone_missing"
        assert await code_of_microphone(page) == "open"


async def test_a_microphone_that_is_not_allowed(address: str, launch: Launch, recording: Recording) -> None:
    async with launch(recording(1.0), "--use-fake-ui-for-media-stream=deny") as browser:
        page = await browser.new_page()
        await page.goto(address)
        assert await code_of_microphone(page) == "AudioError microphone_denied"


async def test_an_insecure_origin(address: str, launch: Launch) -> None:
    async with launch(None, "--host-resolver-rules=MAP voxwire.test 127.0.0.1") as browser:
        page = await browser.new_page()
        await page.goto(address.replace("127.0.0.1", "voxwire.test"))
        assert await code_of_microphone(page) == "AudioError insecure_origin"
        assert await page.evaluate("audio.Player.open().catch((error) => error.code)") == "insecure_origin"
        assert await page.evaluate("audio.listMicrophones().catch((error) => error.code)") == "insecure_origin"


async def test_a_worklet_that_was_not_published(
    open_page: OpenPage, recording: Recording, address: str, tmp_path: Path
) -> None:
    modules = tmp_path / "site" / "src"
    modules.unlink()
    shutil.copytree(ROOT / "clients" / "javascript" / "src", modules, ignore=shutil.ignore_patterns("*-worklet.js"))
    async with open_page(recording(1.0)) as page:
        assert await code_of_microphone(page) == "AudioError worklet_failed"
        assert await page.evaluate("audio.Player.open().catch((error) => error.code)") == "worklet_failed"


async def test_a_page_that_nobody_clicked(open_page: OpenPage) -> None:
    """Opening must not wait for a click; what is sent before it is heard after it."""
    async with open_page() as page:
        state = await page.evaluate("""async () => {
            const player = await audio.Player.open();
            await player.output.context.suspend();
            player.play(tone(500), part);
            await wait(200);
            const before = player.playing;
            await player.resume();
            await wait(200);
            return [before, player.playing];
        }""")
    assert state == [False, True]
