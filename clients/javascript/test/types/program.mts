// A program of 2024, checked against the published types. It is compiled, not run.

import {
  isFunctionCallItem,
  isMessageItem,
  LowLevelRTClient,
  RTClient,
  RTError,
  type AccessToken,
  type Item,
  type KeyCredential,
  type OnWire,
  type RTAzureOpenAIOptions,
  type RTInputAudioItem,
  type RTOpenAIOptions,
  type RTResponse,
  type ServerMessageType,
  type Session,
  type SessionUpdateParams,
  type TokenCredential,
  type TurnDetection,
  type UserMessageType,
  type WireEvent,
} from "rt-client";

class Credential implements TokenCredential {
  async getToken(_scopes: string | string[]): Promise<AccessToken> {
    return { token: "jwt", expiresOnTimestamp: Date.now() };
  }
}

const key: KeyCredential = { key: "secret" };
const azure: RTAzureOpenAIOptions = { deployment: "dep1", requestId: "id" };
const openai: RTOpenAIOptions = { model: "gpt-4o-realtime-preview" };
const seen: WireEvent[] = [];
const onWire: OnWire = (direction, event) => {
  if (direction === "in") seen.push(event);
};
const clients = [
  new RTClient(new URL("wss://example.test"), key, azure),
  new RTClient(new URL("wss://example.test"), new Credential(), { deployment: "dep1", dialect: "ga", maxUnreadBytes: 2 ** 24, connectTimeoutMs: 5000 }),
  new RTClient(key, openai),
  new RTClient(key, { ...openai, onWire }),
];

// @ts-expect-error the endpoint is a URL, not its text
new RTClient("wss://example.test", key, azure);
// @ts-expect-error Azure needs a deployment
new RTClient(new URL("wss://example.test"), key, openai);
// @ts-expect-error a connection has two directions
new RTClient(key, { ...openai, onWire: (direction: "up") => direction });
// @ts-expect-error OpenAI takes no token
new RTClient(new Credential(), openai);

export async function converse(client: RTClient): Promise<void> {
  const turnDetection: TurnDetection = { type: "server_vad", threshold: 0.5 };
  const params: SessionUpdateParams = { modalities: ["text", "audio"], turn_detection: turnDetection };
  const session: Session = await client.configure(params);
  const id: string | undefined = client.requestId;
  console.log(session.voice, id, client.session?.id);
  // @ts-expect-error there is no such modality
  await client.configure({ modalities: ["smell"] });
  // @ts-expect-error null does not mean "none" here
  await client.configure({ instructions: null });

  await client.sendAudio(new Uint8Array(9600));
  const spoken: RTInputAudioItem = await client.commitAudio();
  await spoken.waitForCompletion();
  console.log(spoken.transcription?.length);
  await client.clearAudio();

  const item: Item = { type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] };
  if (isMessageItem(item)) console.log(item.role);
  if (isFunctionCallItem(item)) console.log(item);
  const sent = await client.sendItem(item, "item_0");
  await client.removeItem(sent.id);

  const response: RTResponse | undefined = await client.generateResponse();
  // @ts-expect-error undefined while events() is iterated
  response.id;
  for await (const event of client.events()) {
    if (event.type === "response") await readResponse(event);
    else console.log(event.audioStartMillis, event.audioEndMillis);
  }
  await client.close();
}

async function readResponse(response: RTResponse): Promise<void> {
  for await (const item of response) {
    if (item.type === "function_call") {
      for await (const chunk of item) console.log(chunk.length);
      console.log(item.functionName, item.callId, item.arguments);
      continue;
    }
    for await (const content of item) {
      if (content.type === "text") {
        for await (const chunk of content.textChunks()) console.log(chunk.length, content.text);
      } else {
        for await (const chunk of content.transcriptChunks()) console.log(chunk.length, content.transcript);
        for await (const chunk of content.audioChunks()) console.log(chunk.byteLength, chunk.buffer);
      }
    }
  }
  console.log(response.status, response.statusDetails?.type, response.output.length, response.usage?.total_tokens);
  await response.cancel();
}

export async function lowLevel(): Promise<void> {
  const client = new LowLevelRTClient(new URL("wss://example.test"), key, azure);
  const message: UserMessageType = {
    type: "response.create",
    response: { modalities: ["audio", "text"], instructions: "Please assist the user." },
  };
  await client.send(message);
  // @ts-expect-error there is no such message
  await client.send({ type: "response.destroy" });
  for await (const received of client.messages()) handle(received);
  await client.close();
}

function handle(message: ServerMessageType): void {
  switch (message.type) {
    case "response.audio_transcript.delta":
      console.log(message.delta);
      break;
    case "response.audio.delta":
      console.log(Buffer.from(message.delta, "base64").byteLength);
      break;
    case "error":
      console.error(message.error.message);
      break;
    case "connection.closed":
      console.log(message.code, message.reason);
      break;
  }
}

try {
  for (const client of clients) await converse(client);
} catch (error) {
  if (error instanceof RTError) console.error(error.code, error.status, error.requestId, error.param, error.eventId);
}
