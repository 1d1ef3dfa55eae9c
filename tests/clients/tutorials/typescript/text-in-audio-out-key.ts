import dotenv from "dotenv";
import { LowLevelRTClient } from "rt-client";

dotenv.config();

const endpoint: string = process.env.AZURE_OPENAI_ENDPOINT ?? "Your endpoint";
const deployment: string = process.env.AZURE_OPENAI_DEPLOYMENT_NAME ?? "Your deployment";
const key: string = process.env.AZURE_OPENAI_API_KEY ?? "Your key";

async function textInAudioOut(): Promise<void> {
  const client: LowLevelRTClient = new LowLevelRTClient(new URL(endpoint), { key }, { deployment: deployment });
  try {
    await client.send({
      type: "response.create",
      response: {
        modalities: ["audio", "text"],
        instructions: "Please assist the user.",
      },
    });

    for await (const message of client.messages()) {
      switch (message.type) {
        case "response.audio_transcript.delta": {
          console.log(`Received text delta: ${message.delta}`);
          break;
        }
        case "response.audio.delta": {
          const audio: Buffer = Buffer.from(message.delta, "base64");
          console.log(`Received ${audio.length} bytes of audio data.`);
          break;
        }
        case "error": {
          console.error(message.error);
          break;
        }
      }
      if (message.type === "response.done" || message.type === "error") {
        break;
      }
    }
  } finally {
    client.close();
  }
}

textInAudioOut().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
