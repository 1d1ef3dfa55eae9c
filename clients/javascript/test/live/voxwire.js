import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../../..", import.meta.url));

/** The command that people type; another one by the environment variable VOXWIRE. */
const voxwire = process.env["VOXWIRE"] ?? `${repository}/.venv/bin/voxwire`;

// The runner ends a file that takes too long by this signal, after which no test cleans up.
process.once("SIGTERM", () => process.exit(143));

/**
 * A server of our own on a free port, stopped with the test at the latest.
 * @param {{ after: (stop: () => Promise<void>) => void }} t
 * @param {string[]} [options] of `voxwire serve`
 * @returns {Promise<{ url: URL, environment: Record<string, string>, kill: () => boolean }>} `environment` is what it
 *   prints for its clients to export
 */
export async function startVoxwire(t, options = []) {
  const server = spawn(voxwire, ["serve", "--port", "0", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(server, "exit");
  process.once("exit", () => server.kill("SIGKILL"));
  t.after(async () => {
    server.kill("SIGTERM");
    await exited;
  });
  const output = [];
  /** @type {Record<string, string>} */
  const environment = {};
  let url = "";
  server.stderr.on("data", (text) => output.push(text));
  for await (const line of createInterface(server.stdout)) {
    output.push(line);
    url ||= /Voxwire is listening on (\S+)/.exec(line)?.[1] ?? "";
    const [, name = "", value = ""] = /^ {2}export ([A-Z_]+)=(.+)$/.exec(line) ?? [];
    if (name) environment[name] = value;
    if (name !== "OPENAI_API_KEY") continue; // The last one.
    server.stdout.resume(); // Lest it fill up.
    return { url: new URL(url), environment, kill: () => server.kill("SIGKILL") };
  }
  return assert.fail(`voxwire has not started: ${output.join("\n")}`);
}
