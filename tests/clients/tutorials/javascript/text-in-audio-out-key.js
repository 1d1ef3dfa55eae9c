import dotenv from "dotenv";
import { LowLevelRTClient } from "rt-client";

dotenv.config();

async function textInAudioOut() {
  const endpoint = process.env["AZURE_OPENAI_ENDPOINT"];
  const deployment = process.env["AZURE_OPENAI_DEPLOYMENT_NAME"];
  const key = process.env["AZURE_OPENAI_API_KEY"];
  if (!endpoint || !deployment || !key) {
    throw new Error("Set AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_DEPLOYMENT_NAME and AZURE_OPENAI_API_KEY.");
  }

  const client = new LowLevelRTClient(new URL(endpoint), { key }, { deployment: deployment });
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
          const audio = Buffer.from(message.delta, "base64");
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

await textInAudioOut();
