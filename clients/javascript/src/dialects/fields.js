// Helpers for objects whose shape the other side decides.

/** @typedef {Record<string, unknown>} Fields */

/**
 * @param {unknown} value
 * @returns {Fields | undefined} the value if it is an object
 */
export function asFields(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? /** @type {Fields} */ (value)
    : undefined;
}

/**
 * @param {Fields} fields
 * @param {readonly string[]} path
 * @returns {unknown} undefined if there is nothing
 */
export function getPath(fields, path) {
  /** @type {unknown} */
  let value = fields;
  for (const name of path) value = asFields(value)?.[name];
  return value;
}

/**
 * @param {Fields} fields changed in place; objects on the path are made where missing
 * @param {readonly string[]} path
 * @param {unknown} value
 */
export function setPath(fields, path, value) {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    fields[name] = value;
  } else {
    const inner = { ...asFields(fields[name]) };
    fields[name] = inner;
    setPath(inner, rest, value);
  }
}
