// A page that speaks, checked against the published types. It is compiled, not run.

import { LowLevelRTClient } from "rt-client/low-level";
import { AudioError, decodeBase64, encodeBase64, levelOfPcm16, listMicrophones, Microphone, Player, SAMPLE_RATE } from "rt-client/audio";
import type { AudioErrorCode, Cut, MicrophoneDevice, MicrophoneOptions, Part, PlayerOptions, PlayerProgress } from "rt-client/audio";

const client = new LowLevelRTClient(new URL("wss://host"), { key: "secret" }, { deployment: "dep1" });
const part: Part = { itemId: "item_1", contentIndex: 0 };
const progress: PlayerProgress[] = [];
const playing: PlayerOptions = {
  prefillMs: 50,
  onStarted: ({ part, heardAt }) => console.log(part.itemId, heardAt.toFixed()),
  onProgress: (report) => void progress.push(report),
  onFinished: ({ contentIndex }) => console.log(contentIndex),
};
const player: Player = await Player.open(playing);
player.play(new Uint8Array(2 * SAMPLE_RATE), part);
const pcm: Uint8Array<ArrayBuffer> = decodeBase64(encodeBase64(new Uint8Array(960)));
const loudness: number = levelOfPcm16(pcm);
console.log(loudness);
player.finish(part);
const cuts: Cut[] = await player.clear();
for (const { itemId, contentIndex, playedMs } of cuts) {
  await client.send({
    type: "conversation.item.truncate",
    item_id: itemId,
    content_index: contentIndex,
    audio_end_ms: playedMs,
  });
}
player.output.connect(player.output.context.createAnalyser());

try {
  const [device]: MicrophoneDevice[] = await listMicrophones();
  const listening: MicrophoneOptions = { onFrame: (pcm) => console.log(pcm.length), deviceId: device?.deviceId };
  const microphone = await Microphone.open(listening);
  microphone.muted = microphone.level > 0.5;
  await Promise.all([microphone.close(), player.close()]);
} catch (error) {
  const code: AudioErrorCode | undefined = error instanceof AudioError ? error.code : undefined;
  console.error(code);
}
