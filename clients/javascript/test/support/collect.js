/**
 * @template T
 * @param {AsyncIterable<T>} values
 * @returns {Promise<T[]>}
 */
export async function collect(values) {
  const collected = [];
  for await (const value of values) collected.push(value);
  return collected;
}
