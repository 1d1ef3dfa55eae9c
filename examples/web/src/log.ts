// What was said, one block for each turn.

export class Log {
  #blocks = new Map<string, HTMLElement>();

  constructor(private readonly element: HTMLElement) {}

  /** A block of its own; with an id, more can be added to it. */
  add(text: string, id?: string) {
    const block = document.createElement("p");
    block.textContent = text;
    if (id) this.#blocks.set(id, block);
    this.element.append(block);
    this.#scroll();
  }

  /** To the block of this id; to a new one if there is none. */
  append(id: string, text: string) {
    const block = this.#blocks.get(id);
    if (!block) return this.add(text, id);
    block.append(text);
    this.#scroll();
  }

  rule() {
    this.element.append(document.createElement("hr"));
    this.#scroll();
  }

  clear() {
    this.element.replaceChildren();
    this.#blocks.clear();
  }

  #scroll() {
    this.element.scrollTop = this.element.scrollHeight;
  }
}
