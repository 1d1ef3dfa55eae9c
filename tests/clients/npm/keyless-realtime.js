// A program for Azure that holds no key: `keyless-realtime.js WAY ADDRESS SCOPE`. It prints what it saw as JSON.
//
// What it signs in with stands in the environment, as Azure's identity library reads it.

import { ClientSecretCredential, DefaultAzureCredential, getBearerTokenProvider } from "@azure/identity";
import { AzureOpenAI } from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const [, , way, address, scope] = process.argv;
const { AZURE_AUTHORITY_HOST, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_TENANT_ID } = process.env;

const ways = {
  default: () => new DefaultAzureCredential(),
  secret: () =>
    new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, {
      authorityHost: AZURE_AUTHORITY_HOST,
      disableInstanceDiscovery: true,
    }),
};

const azureADTokenProvider = getBearerTokenProvider(ways[way](), scope);
const client = new AzureOpenAI({
  endpoint: address,
  apiVersion: "2025-04-01-preview",
  deployment: "gpt-realtime",
  apiKey: undefined,
  azureADTokenProvider,
});
const connection = await OpenAIRealtimeWS.azure(client);
let text = "";

connection.on("session.created", () => {
  connection.send({ type: "session.update", session: { type: "realtime", output_modalities: ["text"] } });
  const content = [{ type: "input_text", text: "What is twelve times seven?" }];
  connection.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
  connection.send({ type: "response.create" });
});
connection.on("response.output_text.delta", (event) => (text += event.delta));
connection.on("response.done", () => {
  process.stdout.write(JSON.stringify({ text }));
  connection.close();
});
connection.on("error", (error) => {
  process.stdout.write(JSON.stringify({ message: error.message }));
  process.exit();
});
