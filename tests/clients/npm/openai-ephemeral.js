// Makes an ephemeral key with the openai package's own call, and opens a session with it as a page would.
//
// `openai-ephemeral.js ADDRESS` with the key in OPENAI_API_KEY and the authority to trust in NODE_EXTRA_CA_CERTS; prints
// both answers and the first event as JSON.

import OpenAI from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";
import { WebSocket } from "ws";

const [, , address] = process.argv;
globalThis.WebSocket ??= WebSocket;

const server = new OpenAI({ baseURL: `${address}/v1` });
const secret = await server.realtime.clientSecrets.create({
  expires_after: { anchor: "created_at", seconds: 30 },
  session: { type: "realtime", model: "gpt-realtime", instructions: "Be brief." },
});
const preview = await server.beta.realtime.sessions.create({ model: "gpt-realtime", instructions: "Be brief." });

// The package lets a page hold a key of this kind only.
const page = new OpenAI({ baseURL: `${address}/v1`, apiKey: secret.value });
const connection = new OpenAIRealtimeWebSocket({ model: "gpt-realtime" }, page);
const created = await new Promise((resolve, reject) => {
  connection.on("session.created", resolve);
  connection.on("error", reject);
});
connection.close();
process.stdout.write(JSON.stringify({ secret, preview, created }));
