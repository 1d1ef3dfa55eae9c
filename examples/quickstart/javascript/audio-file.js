// Ask by a WAV file, keep the spoken answer in another. No voice detection: the program says when the turn ends.
//
//   node audio-file.js question.wav answer.wav

import "./one-line.js";
import { RTClient } from "rt-client";
import { credential, deployment, endpoint } from "./connection.js";
import { readWav, writeWav } from "./wav.js";

const [question, answer] = process.argv.slice(2);
if (!question || !answer) throw new Error("Give two files: node audio-file.js question.wav answer.wav");

const client = new RTClient(endpoint, credential, { deployment });
try {
  await client.configure({ turn_detection: null, input_audio_transcription: { model: "whisper-1" } });
  await client.sendAudio(await readWav(question));
  const turn = await client.commitAudio();
  const response = await client.generateResponse();

  const speech = [];
  for await (const item of response ?? []) {
    if (item.type !== "message") continue;
    for await (const content of item) {
      if (content.type !== "audio") continue;
      for await (const chunk of content.audioChunks()) speech.push(chunk);
      await turn.waitForCompletion();
      console.log(`You: ${turn.transcription}`);
      console.log(`Assistant: ${content.transcript}`);
    }
  }
  await writeWav(answer, speech);
  console.log(`${answer} has ${speech.reduce((bytes, chunk) => bytes + chunk.length, 0)} bytes of audio data.`);
} finally {
  await client.close();
}
