// Ask for an answer; print what comes. Signs in with the identity of whoever runs it.

import "./one-line.js";
import { DefaultAzureCredential } from "@azure/identity";
import dotenv from "dotenv";
import { LowLevelRTClient } from "rt-client";
import { printAnswer, required } from "./print-answer.js";

dotenv.config({ quiet: true });
const endpoint = new URL(required("AZURE_OPENAI_ENDPOINT"));
const deployment = required("AZURE_OPENAI_DEPLOYMENT_NAME");

const client = new LowLevelRTClient(endpoint, new DefaultAzureCredential(), { deployment });
try {
  await printAnswer(client);
} finally {
  await client.close();
}
