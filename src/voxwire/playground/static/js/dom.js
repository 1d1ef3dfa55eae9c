// Making and finding elements.

/**
 * An element with attributes and children. `data-…` and `aria-…` are attributes too; `on…` takes a listener.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | ((event: any) => void) | undefined>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * @template {Element} [E=HTMLElement]
 * @param {string} id of an element that the page has
 * @returns {E}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id}`);
  return /** @type {E} */ (/** @type {unknown} */ (found));
}

/**
 * Calls of `draw` become at most one per frame of the screen; in a hidden page, one when it is seen again.
 * @param {() => void} draw
 * @returns {() => void}
 */
export function oncePerFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/**
 * @param {string} name of the file
 * @param {Blob} content
 */
export function download(name, content) {
  const url = URL.createObjectURL(content);
  element("a", { href: url, download: name }).click();
  // The download has its own hold on the content once it began.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
