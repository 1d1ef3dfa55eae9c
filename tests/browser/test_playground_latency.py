"""How soon what arrives in the playground is heard, and what the microphone hears arrives, beside the least that a page
can do.

A bare page with worklets and a socket is measured in the same browser at the same time, so that a machine that does
other things too slows both.
"""

import asyncio
import statistics
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_support import Launch, Recording, static_server
from playwright.async_api import Page, expect
from websockets.sync.server import ServerConnection, serve
from wiretap import appended, marking, tapped

from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.live_server import served_in_thread

ROUNDS = 15
#: Seconds of frames of 20 ms.
LISTEN_S = 6.0
#: 100 ms, as the first audio of an answer; not silence.
CHUNK = b"\x00\x04" * 2400
#: What a page that does all this may take of what one takes that does nothing else (issue: 1.5), and the length of
#: two of the audio thread's blocks, below which nothing can be told apart.
MOST_TIMES, MOST_MS_MORE = 1.5, 2 * 128 / 24
#: The audio thread has no finer clock than `Date.now()`.
CLOCK_MS = 1.0

BARE_PAGE = """<!doctype html><title>bare</title><script type="module">
const context = new AudioContext({ sampleRate: 24000, latencyHint: "interactive" });
await context.audioWorklet.addModule("worklet.js");
window.capture = async () => {
  const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const source = context.createMediaStreamSource(await navigator.mediaDevices.getUserMedia({ audio }));
  const node = new AudioWorkletNode(context, "bare-capture", { numberOfOutputs: 0 });
  node.port.onmessage = ({ data }) => socket.send(data);
  source.connect(node);
};
const node = new AudioWorkletNode(context, "bare", { numberOfInputs: 0, outputChannelCount: [1] });
node.connect(context.destination);
const socket = new WebSocket(new URLSearchParams(location.search).get("socket"));
socket.binaryType = "arraybuffer";
await new Promise((resolve) => (socket.onopen = resolve));
window.measure = () => new Promise((resolve) => {
  let arrived;
  node.port.onmessage = ({ data }) => {
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    resolve(performanceTime + (data - contextTime) * 1000 - arrived);
  };
  socket.onmessage = ({ data }) => {
    arrived = performance.now();
    const samples = Float32Array.from(new Int16Array(data), (sample) => sample / 32768);
    node.port.postMessage(samples, [samples.buffer]);
  };
  socket.send("go");
});
</script>"""
BARE_WORKLET = """registerProcessor("bare", class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.at = 0;
    this.samples = new Float32Array(0);
    this.port.onmessage = ({ data }) => { this.samples = data; this.at = 0; };
  }
  process(_, [[output]]) {
    if (this.at === 0 && this.samples.length) this.port.postMessage(currentTime);
    output.set(this.samples.subarray(this.at, this.at + output.length));
    this.at += output.length;
    return true;
  }
});
registerProcessor("bare-capture", class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.at = 0;
    this.frame = new Int16Array(480);
  }
  process([[input = []]]) {
    for (const sample of input) {
      this.frame[this.at++] = sample * 32767;
      if (this.at < 480) continue;
      this.port.postMessage(new Uint8Array(this.frame.buffer), [this.frame.buffer]);
      this.frame = new Int16Array(480);
      this.at = 0;
    }
    return true;
  }
});"""
#: Frames carry, in place of their first four samples, when they left the audio thread: before whatever a page does.
MARK_TIME = marking("view.setFloat64(0, Date.now())")


@pytest.fixture
def bare_url(tmp_path: Path) -> Iterator[str]:
    """The bare page; its socket answers a word by a chunk of sound, and sound by nothing."""
    (tmp_path / "index.html").write_text(BARE_PAGE)
    (tmp_path / "worklet.js").write_text(BARE_WORKLET)

    def answer(connection: ServerConnection) -> None:
        for message in connection:
            if isinstance(message, str):
                connection.send(CHUNK)

    with serve(answer, "127.0.0.1", 0, compression=None) as server, static_server(tmp_path, {}) as url:
        thread = threading.Thread(target=server.serve_forever, name="bare socket")
        thread.start()
        try:
            yield f"{url}/?socket=ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def url() -> Iterator[str]:
    with served_in_thread(fake_service(fake_deployment(tts=FakeTts()))) as address:
        yield address


async def of_playground(page: Page, number: int) -> float:
    """ms from the arrival of an answer's first audio to its first sound; the answer has this number, from 0."""
    await page.get_by_label("Type a message").fill("hello")
    await page.keyboard.press("Enter")
    # The playground shows what is heard once it was.
    await expect(page.locator('.turn[data-stages$="heard"]')).to_have_count(number + 1)
    await expect(page.locator("#speaking")).to_have_text("Microphone off")
    found: Any = await page.evaluate(
        """() => {
            const { log, conversation } = playground;
            const created = log.entries.findLast(({ type }) => type === "response.created");
            const audio = log.entries.find(
                ({ type, number }) => type === "response.output_audio.delta" && number > created.number,
            );
            return conversation.items.findLast(({ role }) => role === "assistant").soundAt - audio.at;
        }"""
    )
    return float(found)


@pytest.mark.timeout(180)
async def test_audio_is_heard_as_soon_as_a_bare_page_plays_it(url: str, bare_url: str, launch: Launch) -> None:
    playground, bare = [], []
    async with launch() as browser:
        for_page, for_bare = await browser.new_context(), await browser.new_context()
        page, bare_page = await for_page.new_page(), await for_bare.new_page()
        await page.goto(url)
        await bare_page.goto(bare_url)
        await bare_page.wait_for_function("typeof window.measure === 'function'")
        for number in range(ROUNDS):
            playground.append(await of_playground(page, number))
            bare.append(float(await bare_page.evaluate("measure()")))
    ours, least = statistics.median(playground), statistics.median(bare)
    print(f"audio arrived to audio heard: playground {ours:.1f} ms, bare page {least:.1f} ms (medians of {ROUNDS})")
    assert ours < MOST_TIMES * least + MOST_MS_MORE


class Uplink:
    """How long frames took from the audio thread to the server, ms."""

    def __init__(self) -> None:
        self.ms: list[float] = []
        self.flows = asyncio.Event()

    def of_playground(self, message: bytes, at: float) -> None:
        if frame := appended(message):
            self.of_bare(frame, at)

    def of_bare(self, frame: bytes, at: float) -> None:
        [left] = struct.unpack_from(">d", frame)
        self.ms.append(at * 1000 - left)
        self.flows.set()


@pytest.mark.timeout(120)
async def test_speech_arrives_as_soon_as_a_bare_page_sends_it(
    url: str, bare_url: str, launch: Launch, recording: Recording
) -> None:
    """Both listen at the same time, frame by frame: what slows one slows the other."""
    ours, least = Uplink(), Uplink()
    bare_site, socket = bare_url.split("/?socket=ws")
    async with (
        tapped(url, ours.of_playground) as playground,
        tapped(f"http{socket}", least.of_bare) as bare,
        launch(recording("what_is_twelve_times_seven", 1.0)) as browser,
    ):
        # The page's policy allows no worklets but its own.
        for_page, for_bare = await browser.new_context(bypass_csp=True), await browser.new_context()
        page, bare_page = await for_page.new_page(), await for_bare.new_page()
        for each in (page, bare_page):
            await each.add_init_script(MARK_TIME)
        await page.goto(playground)
        await bare_page.goto(f"{bare_site}/?socket={bare.replace('http', 'ws')}")
        await bare_page.wait_for_function("typeof window.measure === 'function'")
        await page.get_by_role("button", name="Start listening").click()
        await expect(page.get_by_role("button", name="Stop listening")).to_be_visible()
        await bare_page.evaluate("capture()")
        async with asyncio.timeout(10):
            await ours.flows.wait()
            await least.flows.wait()
        # What opening and connecting does is not what a conversation is like.
        await asyncio.sleep(1.0)
        ours.ms.clear()
        least.ms.clear()
        await asyncio.sleep(LISTEN_S)
        found = [sorted(each.ms) for each in (ours, least)]
    for name, values in zip(("playground", "bare page"), found, strict=True):
        median, p95 = statistics.median(values), values[int(0.95 * len(values))]
        print(f"microphone frame to server, {name}: {median:.1f} ms, p95 {p95:.1f} ({len(values)} frames)")
    assert statistics.median(found[0]) < MOST_TIMES * statistics.median(found[1]) + CLOCK_MS
