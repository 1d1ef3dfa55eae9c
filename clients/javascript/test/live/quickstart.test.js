// The quickstarts as they are, installed as their README says, against a real server.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { readWav } from "../../../../examples/quickstart/javascript/wav.js";
import { checkAnswer } from "./printed.js";
import { repository, startVoxwire } from "./voxwire.js";

const run = promisify(execFile);
const javascript = join(repository, "examples/quickstart/javascript");
const typescript = join(repository, "examples/quickstart/typescript");
const question = join(repository, "examples/audio/what_is_twelve_times_seven.wav");
const key = "secret-key";

/** @type {URL} */
let endpoint;
/** @type {NodeJS.ProcessEnv} */
let identity;
/** @type {string} */
let folder;
/** @type {(() => Promise<void>)[]} */
const stops = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "quickstart-"));
  stops.push(() => rm(folder, { recursive: true }));
  const options = ["--api-key", key, "--dev-identity"];
  const { url, environment } = await startVoxwire({ after: (stop) => stops.push(stop) }, options);
  endpoint = url;
  identity = Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith("IDENTITY_")));
});
after(() => Promise.all(stops.map((stop) => stop())));

/**
 * @param {string} directory
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} [variables]
 * @returns {Promise<string>} what it prints
 */
async function output(directory, [command, ...args], variables = { AZURE_OPENAI_API_KEY: key }) {
  const env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    AZURE_OPENAI_ENDPOINT: endpoint.href,
    AZURE_OPENAI_DEPLOYMENT_NAME: "gpt-4o-realtime-preview",
    OPENAI_API_VERSION: "2024-10-01-preview",
    ...variables,
  };
  const { stdout } = await run(String(command), args, { cwd: directory, env, timeout: 50_000 });
  return stdout;
}

for (const [language, directory] of Object.entries({ javascript, typescript })) {
  test(`${language}: text in, audio out, without a key`, async () => {
    checkAnswer(await output(directory, ["npm", "start", "--silent"], identity));
  });

  test(`${language}: text in, audio out, with a key`, async () => {
    checkAnswer(await output(directory, ["npm", "run", "start:key", "--silent"]));
  });

  test(`${language}: a refused key ends the program with what the service said`, async () => {
    const refused = output(directory, ["npm", "run", "start:key", "--silent"], { AZURE_OPENAI_API_KEY: "wrong" });
    await assert.rejects(refused, (/** @type {any} */ error) => {
      assert.match(error.stderr, /RTError.*401/);
      assert.match(error.stderr, /requestId/);
      return true;
    });
  });
}

test("a recorded question, a recorded answer", async () => {
  const answer = join(folder, "answer.wav");
  const printed = await output(javascript, ["node", "audio-file.js", question, answer]);
  assert.match(printed, /^You: .*twelve times seven/im);
  assert.match(printed, /^Assistant: .*(84|eighty)/m);
  assert.match(printed, new RegExp(`has ${(await readWav(answer)).length} bytes of audio data`));
});

test("a function of the program is called", async () => {
  const printed = await output(javascript, ["node", "function-call.js"]);
  assert.match(printed, /^Call: get_weather\(.*San Francisco.*\)$/m);
  assert.match(printed, /18/);
});

test("a session that only listens", async () => {
  assert.match(await output(javascript, ["node", "transcription.js", question]), /twelve times seven/i);
});

test("each quickstart says which variable is missing", async () => {
  for (const program of ["text-in-audio-out.js", "text-in-audio-out-key.js", "function-call.js"]) {
    const missing = output(javascript, ["node", program], { AZURE_OPENAI_DEPLOYMENT_NAME: "" });
    await assert.rejects(missing, { stderr: /^Error: Set .*AZURE_OPENAI_DEPLOYMENT_NAME.*\n$/ });
  }
});

test("a missing file and a server that is not there are one line", async () => {
  const missing = output(javascript, ["node", "audio-file.js", "missing.wav", join(folder, "answer.wav")]);
  await assert.rejects(missing, { stderr: /^Error: ENOENT.*missing\.wav.*\n$/ });
  const variables = { AZURE_OPENAI_API_KEY: key, AZURE_OPENAI_ENDPOINT: "http://127.0.0.1:9" };
  await assert.rejects(output(javascript, ["node", "function-call.js"], variables), { stderr: /^RTError: [^\n]+\n$/ });
});

test("the program of the client's README", async () => {
  const client = join(repository, "clients/javascript");
  const [, program] = /```js\n(.*?)```/s.exec(await readFile(join(client, "README.md"), "utf8")) ?? [];
  const code = String(program).replace("ws://127.0.0.1:8000", endpoint.href).replace('"any"', JSON.stringify(key));
  const printed = await output(client, ["node", "--input-type=module", "--eval", code]);
  assert.match(printed, /(84|eighty).* \[\d+ bytes\]/);
});
