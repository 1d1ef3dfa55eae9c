// Ask for an answer; print what comes. The same as text-in-audio-out.ts, with a key.

import "./one-line.js";
import dotenv from "dotenv";
import { LowLevelRTClient } from "rt-client";
import { printAnswer, required } from "./print-answer.js";

dotenv.config({ quiet: true });
const endpoint = new URL(required("AZURE_OPENAI_ENDPOINT"));
const deployment = required("AZURE_OPENAI_DEPLOYMENT_NAME");
const key = required("AZURE_OPENAI_API_KEY");

const client = new LowLevelRTClient(endpoint, { key }, { deployment });
try {
  await printAnswer(client);
} finally {
  await client.close();
}
