// The model asks the program for what it cannot know itself, and speaks with the result.

import "./one-line.js";
import { RTClient } from "rt-client";
import { credential, deployment, endpoint } from "./connection.js";

const weatherTool = /** @type {const} */ ({
  type: "function",
  name: "get_weather",
  description: "The current weather at a place.",
  parameters: {
    type: "object",
    properties: { location: { type: "string", description: "City, and state or country" } },
    required: ["location"],
  },
});

/** @param {{ location: string }} place */
function getWeather({ location }) {
  return { location, weather: "clear", temperature: "18 degrees Celsius" };
}

const client = new RTClient(endpoint, credential, { deployment });

/** @returns {Promise<boolean>} whether a function was called, so that the model has more to say */
async function answer() {
  let called = false;
  for await (const item of (await client.generateResponse()) ?? []) {
    if (item.type === "function_call") {
      await item.waitForCompletion();
      console.log(`Call: ${item.functionName}(${item.arguments})`);
      const output = JSON.stringify(getWeather(JSON.parse(item.arguments)));
      await client.sendItem({ type: "function_call_output", call_id: item.callId, output });
      called = true;
    } else {
      for await (const content of item) {
        const chunks = content.type === "audio" ? content.transcriptChunks() : content.textChunks();
        for await (const chunk of chunks) process.stdout.write(chunk);
        process.stdout.write("\n");
      }
    }
  }
  return called;
}

try {
  await client.configure({ tools: [weatherTool], turn_detection: null });
  const text = "What's the weather like in San Francisco?";
  await client.sendItem({ type: "message", role: "user", content: [{ type: "input_text", text }] });
  while (await answer());
} finally {
  await client.close();
}
