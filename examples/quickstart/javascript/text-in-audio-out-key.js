// Ask for an answer; print what comes. The same as text-in-audio-out.js, with a key.

import "./one-line.js";
import dotenv from "dotenv";
import { LowLevelRTClient } from "rt-client";

dotenv.config({ quiet: true });
const {
  AZURE_OPENAI_ENDPOINT: endpoint,
  AZURE_OPENAI_DEPLOYMENT_NAME: deployment,
  AZURE_OPENAI_API_KEY: key,
} = process.env;
if (!endpoint || !deployment || !key) {
  throw new Error("Set AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_DEPLOYMENT_NAME and AZURE_OPENAI_API_KEY.");
}

const client = new LowLevelRTClient(new URL(endpoint), { key }, { deployment });
try {
  await client.send({
    type: "response.create",
    response: { modalities: ["audio", "text"], instructions: "Please assist the user." },
  });
  for await (const message of client.messages()) {
    if (message.type === "response.audio_transcript.delta") {
      console.log(`Received text delta: ${message.delta}`);
    } else if (message.type === "response.audio.delta") {
      console.log(`Received ${Buffer.from(message.delta, "base64").length} bytes of audio data.`);
    } else if (message.type === "error") {
      console.error(`Error: ${message.error.message}`);
      process.exitCode = 1;
      break;
    } else if (message.type === "response.done") {
      break;
    }
  }
} finally {
  await client.close();
}
