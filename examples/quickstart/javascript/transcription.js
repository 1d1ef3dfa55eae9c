// What is said in a WAV file? A session that only transcribes, so there are no answers.
//
//   node transcription.js question.wav

import "./one-line.js";
import { LowLevelRTClient } from "rt-client";
import { credential, deployment, endpoint } from "./connection.js";
import { readWav } from "./wav.js";

const [file] = process.argv.slice(2);
if (!file) throw new Error("Give a file: node transcription.js question.wav");

endpoint.searchParams.set("intent", "transcription");
const client = new LowLevelRTClient(endpoint, credential, { deployment, dialect: "ga" });
try {
  const model = process.env.AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT ?? "whisper-1";
  await client.send({
    type: "transcription_session.update",
    session: { input_audio_transcription: { model }, turn_detection: null },
  });
  const audio = Buffer.from(await readWav(file)).toString("base64");
  await client.send({ type: "input_audio_buffer.append", audio });
  await client.send({ type: "input_audio_buffer.commit" });
  for await (const message of client.messages()) {
    if (message.type === "conversation.item.input_audio_transcription.completed") {
      console.log(message.transcript);
      break;
    } else if (message.type === "conversation.item.input_audio_transcription.failed" || message.type === "error") {
      console.error(`Error: ${message.error.message}`);
      process.exitCode = 1;
      break;
    }
  }
} finally {
  await client.close();
}
