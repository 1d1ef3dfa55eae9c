import type { LowLevelRTClient } from "rt-client";

/** Ask for an answer and print what comes, until it is done or an error comes. */
export async function printAnswer(client: LowLevelRTClient): Promise<void> {
  await client.send({
    type: "response.create",
    response: { modalities: ["audio", "text"], instructions: "Please assist the user." },
  });
  for await (const message of client.messages()) {
    switch (message.type) {
      case "response.audio_transcript.delta":
        console.log(`Received text delta: ${message.delta}`);
        break;
      case "response.audio.delta":
        console.log(`Received ${Buffer.from(message.delta, "base64").length} bytes of audio data.`);
        break;
      case "error":
        throw new Error(message.error.message);
      case "response.done":
        return;
    }
  }
}

export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}.`);
  return value;
}
