// Programs of Azure's tutorials, on what `voxwire serve --dev-identity` prints, with the real @azure/identity.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { checkAnswer } from "./printed.js";
import { repository, startVoxwire } from "./voxwire.js";

const run = promisify(execFile);
const key = "secret-key";
const quickstarts = join(repository, "examples/quickstart");
/** Some 50 ms on a machine at rest. Whatever comes later in the chain starts programs or asks a network. */
const AT_ONCE_MS = 3000;

/** @type {Record<string, string>} what the server printed, the key filled in */
let environment;
/** @type {string} */
let folder;
/** @type {(() => Promise<void>)[]} */
const stops = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tutorials-"));
  stops.push(() => rm(folder, { recursive: true }));
  const options = ["--api-key", key, "--dev-identity"];
  ({ environment } = await startVoxwire({ after: (stop) => stops.push(stop) }, options));
  for (const name of ["AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"]) environment[name] = key;
});
after(() => Promise.all(stops.map((stop) => stop())));

/**
 * What a reader has after `npm init`, the install line, and copying the programs; the packages are those of the
 * quickstart, which are the same.
 * @param {"javascript" | "typescript"} language
 * @returns {Promise<string>} the directory
 */
async function project(language) {
  const directory = join(folder, language);
  await cp(join(repository, "tests/clients/tutorials", language), directory, { recursive: true });
  await symlink(join(quickstarts, language, "node_modules"), join(directory, "node_modules"));
  await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(directory, ".env"), lines.join(""));
  return directory;
}

/**
 * A command with nothing of ours in its environment: the programs read `.env`.
 * @param {string} directory
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} [variables]
 */
async function command(directory, program, args, variables) {
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], ...variables };
  try {
    return await run(program, args, { cwd: directory, env, timeout: 50_000 });
  } catch (/** @type {any} */ error) {
    error.message += error.stdout; // Where tsc complains.
    throw error;
  }
}

for (const language of /** @type {const} */ (["javascript", "typescript"])) {
  test(`${language}: text in, audio out`, async (t) => {
    const directory = await project(language);
    if (language === "typescript") await command(directory, "npx", ["tsc"]);

    await t.test("signed in by DefaultAzureCredential", async () => {
      const { stdout, stderr } = await command(directory, "node", ["text-in-audio-out.js"]);
      checkAnswer(stdout);
      assert.equal(stderr, "");
    });

    await t.test("with a key", async () => {
      const { stdout, stderr } = await command(directory, "node", ["text-in-audio-out-key.js"]);
      checkAnswer(stdout);
      assert.equal(stderr, "");
    });

    await t.test("a refusal ends the program with what the server said", async () => {
      const refused = command(directory, "node", ["text-in-audio-out-key.js"], { AZURE_OPENAI_API_KEY: "wrong" });
      await assert.rejects(refused, { stderr: /RTError.*401/ });
    });
  });
}

/**
 * @param {string} body of a program that has a `credential`
 * @param {Record<string, string>} [variables] instead of what the server printed
 */
function signIn(body, variables) {
  const code = `import { DefaultAzureCredential, ManagedIdentityCredential } from "@azure/identity";
    const scope = "https://cognitiveservices.azure.com/.default";
    ${body}`;
  const args = ["--input-type=module", "--eval", code];
  return command(join(quickstarts, "javascript"), "node", args, { ...environment, ...variables });
}

test("DefaultAzureCredential finds its token at once", async () => {
  const { stdout } = await signIn(`
    const started = performance.now();
    const token = await new DefaultAzureCredential().getToken(scope);
    console.log(performance.now() - started, token.expiresOnTimestamp - Date.now());`);
  const [taken, left] = stdout.split(" ").map(Number);
  assert.ok(Number(taken) < AT_ONCE_MS, stdout);
  assert.ok(Number(left) > 500_000 && Number(left) <= 600_000, stdout);
});

test("the secret of the server before is refused, and the reader told what to do", async () => {
  const asked = signIn("await new ManagedIdentityCredential().getToken(scope);", { IDENTITY_HEADER: "stale" });
  await assert.rejects(asked, { stderr: /export IDENTITY_HEADER as `voxwire serve` printed it/ });
});
