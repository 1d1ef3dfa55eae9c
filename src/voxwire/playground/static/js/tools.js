// The functions that the assistant may call, as typed into the setup panel.

/** @import { TextKey } from "./texts/index.js" */

/** @typedef {{ type: "function", name: string, description?: string, parameters?: object }} Tool */

/** @typedef {{ key: TextKey, values: Record<string, string | number> }} Problem */

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const FIELDS = new Set(["type", "name", "description", "parameters"]);

export const EXAMPLE = JSON.stringify(
  [
    {
      type: "function",
      name: "get_weather",
      description: "The weather at a place.",
      parameters: {
        type: "object",
        properties: { location: { type: "string", description: "A city" } },
        required: ["location"],
      },
    },
  ],
  null,
  2,
);

export const EXAMPLE_STUB = '{"temperature": 18, "unit": "celsius", "conditions": "sunny"}';

/**
 * @param {string} text JSON, or nothing
 * @returns {{ tools: Tool[], problem?: Problem }} the tools, none if there is a problem
 */
export function parseTools(text) {
  if (!text.trim()) return { tools: [] };
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    return failed("tools.notJson", { message: /** @type {Error} */ (cause).message });
  }
  if (!Array.isArray(parsed)) return failed("tools.notList");
  const names = new Set();
  for (const [position, tool] of parsed.entries()) {
    const problem = problemOf(tool, position + 1);
    if (problem) return problem;
    if (names.has(tool.name)) return failed("tools.twice", { name: tool.name });
    names.add(tool.name);
  }
  return { tools: parsed };
}

/**
 * @param {any} tool
 * @param {number} index from 1
 */
function problemOf(tool, index) {
  if (!isObject(tool)) return failed("tools.notObject", { index });
  if (tool.type !== "function") return failed("tools.notFunction", { index });
  if (typeof tool.name !== "string" || !NAME.test(tool.name)) return failed("tools.noName", { index });
  if (tool.parameters !== undefined && !isObject(tool.parameters)) {
    return failed("tools.noParameters", { name: tool.name });
  }
  const field = Object.keys(tool).find((name) => !FIELDS.has(name));
  return field === undefined ? undefined : failed("tools.unknownField", { name: tool.name, field });
}

/** @param {unknown} value @returns {value is Record<string, any>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {TextKey} key
 * @param {Record<string, string | number>} [values]
 * @returns {{ tools: Tool[], problem: Problem }}
 */
function failed(key, values = {}) {
  return { tools: [], problem: { key, values } };
}
