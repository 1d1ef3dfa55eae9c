// An event as a program that sends it, or waits for it: for OpenAI's own clients, which speak GA, and for ours.

/**
 * @import { LogEntry } from "./event-log.js"
 * @import { Settings } from "./settings.js"
 */

/** Fields that the page made up for itself. */
const OWN = new Set(["event_id"]);

/**
 * @param {LogEntry} entry
 * @param {Settings} settings
 * @param {string} origin of the server
 * @returns {string}
 */
export function asPython(entry, { deployment, dialect }, origin) {
  const base = JSON.stringify(`${origin}/v1`);
  const realtime = dialect === "ga" ? "client.realtime" : "client.beta.realtime";
  const body =
    entry.direction === "out"
      ? `    connection.send(${pythonLiteral(payload(entry), 4)})\n    for event in connection:\n        print(event.type)`
      : `    for event in connection:\n        if event.type == ${JSON.stringify(entry.type)}:\n            print(event)\n            break`;
  return `# pip install openai
import os

from openai import OpenAI

client = OpenAI(base_url=${base}, api_key=os.environ.get("OPENAI_API_KEY", "any"))
with ${realtime}.connect(model=${JSON.stringify(deployment)}) as connection:
${body}
`;
}

/**
 * @param {LogEntry} entry
 * @param {Settings} settings
 * @param {string} origin of the server
 * @returns {string}
 */
export function asJavaScript(entry, { deployment, dialect }, origin) {
  const url = new URL("v1/realtime", `${origin}/`);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("model", deployment);
  const headers = dialect === "ga" ? "" : `, "OpenAI-Beta": "realtime=v1"`;
  const sending =
    entry.direction === "out"
      ? `socket.on("open", () => {\n  socket.send(JSON.stringify(${indented(JSON.stringify(payload(entry), null, 2), 2)}));\n});\n`
      : "";
  const condition = entry.direction === "out" ? "" : `if (event.type === ${JSON.stringify(entry.type)}) `;
  return `// npm install ws
import { WebSocket } from "ws";

const socket = new WebSocket(${JSON.stringify(url.href)}, {
  headers: { Authorization: \`Bearer \${process.env.OPENAI_API_KEY ?? "any"}\`${headers} },
});
${sending}socket.on("message", (data) => {
  const event = JSON.parse(data.toString());
  ${condition}console.log(event);
});
`;
}

/** @param {LogEntry} entry */
function payload({ event }) {
  return Object.fromEntries(Object.entries(event).filter(([name]) => !OWN.has(name)));
}

/**
 * @param {unknown} value of JSON
 * @param {number} indent of the line on which it begins
 * @returns {string}
 */
export function pythonLiteral(value, indent = 0) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const inner = Array.isArray(value)
    ? value.map((each) => pythonLiteral(each, indent + 4))
    : Object.entries(/** @type {object} */ (value)).map(
        ([name, each]) => `${JSON.stringify(name)}: ${pythonLiteral(each, indent + 4)}`,
      );
  if (inner.length === 0) return open + close;
  const pad = " ".repeat(indent + 4);
  return `${open}\n${inner.map((line) => `${pad}${line},\n`).join("")}${" ".repeat(indent)}${close}`;
}

/**
 * @param {string} text
 * @param {number} indent of every line but the first
 */
function indented(text, indent) {
  return text.replaceAll("\n", `\n${" ".repeat(indent)}`);
}
