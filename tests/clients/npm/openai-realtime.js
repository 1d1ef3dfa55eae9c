// One flow with one of the openai package's classes.
//
// `openai-realtime.js CLASS ADDRESS FLOW` with the key in OPENAI_API_KEY and the authority to trust in
// NODE_EXTRA_CA_CERTS; prints the events as JSON. Every class dials wss, whatever the scheme of the address.

import OpenAI, { AzureOpenAI } from "openai";
import { OpenAIRealtimeWebSocket as BetaWebSocket } from "openai/beta/realtime/websocket";
import { OpenAIRealtimeWS as BetaWS } from "openai/beta/realtime/ws";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { WebSocket } from "ws";
import { flows, Talk } from "./realtime-flows.js";

const [, , kind, address, flow] = process.argv;

// The classes for browsers take what the platform has, which in Node begins with 22.
globalThis.WebSocket ??= WebSocket;

const preview = { model: "gpt-4o-realtime-preview" };
const ga = { model: "gpt-realtime" };
const openai = () => new OpenAI({ baseURL: `${address}/v1` });
const azure = (deployment, credential = { apiKey: process.env.OPENAI_API_KEY }) =>
  new AzureOpenAI({ endpoint: address, apiVersion: "2025-04-01-preview", deployment, ...credential });
const entra = { apiKey: undefined, azureADTokenProvider: async () => process.env.OPENAI_API_KEY };

const classes = {
  openai_ga: () => new OpenAIRealtimeWS(ga, openai()),
  openai_ga_browser: () => new OpenAIRealtimeWebSocket(ga, openai()),
  openai_preview: () => new BetaWS(preview, openai()),
  openai_preview_browser: () => new BetaWebSocket(preview, openai()),
  azure_ga: () => OpenAIRealtimeWS.azure(azure(ga.model)),
  azure_ga_entra: () => OpenAIRealtimeWS.azure(azure(ga.model, entra)),
  azure_preview: () => BetaWS.azure(azure(preview.model)),
};

const connection = await classes[kind]();
const talk = new Talk(connection, !kind.includes("preview"));
await flows[flow](talk);
connection.close();
process.stdout.write(JSON.stringify(talk.events));
