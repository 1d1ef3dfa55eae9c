import { Pardons } from "../pardons.js";
import { asFields } from "./fields.js";
import { flatResponse, flatSession, nestedResponse, nestedSession, nestedTranscriptionSession } from "./ga-settings.js";

/**
 * @import { ResponseCreateMessage, UserMessageType } from "../models/client-messages.js"
 * @import { Fields } from "./fields.js"
 * @import { WireMessage } from "./index.js"
 */

/** Names of events, GA to preview (protocol: dialects, Names of events). */
const EVENT_NAMES = new Map([
  ["conversation.item.added", "conversation.item.created"],
  ["response.output_text.delta", "response.text.delta"],
  ["response.output_text.done", "response.text.done"],
  ["response.output_audio.delta", "response.audio.delta"],
  ["response.output_audio.done", "response.audio.done"],
  ["response.output_audio_transcript.delta", "response.audio_transcript.delta"],
  ["response.output_audio_transcript.done", "response.audio_transcript.done"],
]);

/**
 * Types of the assistant's content, GA to preview (protocol: dialects, Names of content parts).
 * @type {ReadonlyMap<unknown, string>}
 */
const PREVIEW_PARTS = new Map([
  ["output_text", "text"],
  ["output_audio", "audio"],
]);

/** The same, preview to GA. @type {ReadonlyMap<unknown, string>} */
const GA_PARTS = new Map([
  ["text", "output_text"],
  ["audio", "output_audio"],
]);

/**
 * Lets a program written for the preview talk to a service of general availability (protocol: dialects).
 *
 * What GA lacks is dropped on the way out (`temperature`), what the preview lacks on the way in
 * (`conversation.item.done`). Messages of which this knows nothing pass as they are.
 *
 * @implements {DialectTranslator}
 * @import { DialectTranslator } from "./index.js"
 */
export class GADialect {
  /** The id of the response that runs in the conversation. @type {unknown} */
  #running;
  #pardons = new Pardons();

  /**
   * @param {UserMessageType} message
   * @returns {object[]}
   */
  outgoing(message) {
    switch (message.type) {
      case "session.update":
        return [{ ...message, session: nestedSession(message.session) }];
      case "transcription_session.update":
        return [{ ...message, type: "session.update", session: nestedTranscriptionSession(message.session) }];
      case "conversation.item.create":
        return [{ ...message, item: withParts(message.item, GA_PARTS) }];
      case "response.create":
        return this.#createResponse(message);
      default:
        return [message];
    }
  }

  /**
   * The first preview cancels, appends to the conversation and replaces it in the one message
   * (protocol: oldest-clients, What they send).
   * @param {ResponseCreateMessage} message
   * @returns {object[]}
   */
  #createResponse(message) {
    if (!message.response) return [message];
    const { append_input_items, cancel_previous = true, commit, input_items, ...settings } = message.response;
    const messages = [];
    if (cancel_previous && this.#running !== undefined) {
      messages.push({ type: "response.cancel", event_id: this.#pardons.grant(), response_id: this.#running });
      this.#running = undefined;
    }
    for (const item of append_input_items ?? []) {
      messages.push({ type: "conversation.item.create", item: withParts(item, GA_PARTS) });
    }
    const response = nestedResponse(settings);
    if (commit === false) response["conversation"] = "none";
    if (input_items) response["input"] = input_items.map((item) => withParts(item, GA_PARTS));
    return [...messages, { ...message, response }];
  }

  /**
   * @param {WireMessage} event
   * @returns {WireMessage | undefined}
   */
  incoming(event) {
    const type = EVENT_NAMES.get(event.type) ?? event.type;
    switch (type) {
      case "session.created":
      case "session.updated":
        return sessionEvent(event);
      case "conversation.item.done":
        return undefined;
      case "conversation.item.created":
      case "conversation.item.retrieved":
      case "response.output_item.added":
      case "response.output_item.done":
        return { ...event, type, item: withParts(event["item"], PREVIEW_PARTS) };
      case "response.content_part.added":
      case "response.content_part.done":
        return { ...event, part: withType(event["part"], PREVIEW_PARTS) };
      case "response.created":
      case "response.done":
        return this.#responseEvent(event);
      case "error":
        return this.#pardons.use(asFields(event["error"])?.["event_id"]) ? undefined : event;
      default:
        return type === event.type ? event : { ...event, type };
    }
  }

  /**
   * @param {WireMessage} event
   * @returns {WireMessage}
   */
  #responseEvent(event) {
    const nested = asFields(event["response"]);
    if (!nested) return event;
    const response = flatResponse(nested);
    if (Array.isArray(response["output"])) {
      response["output"] = response["output"].map((item) => withParts(item, PREVIEW_PARTS));
    }
    if (event.type === "response.created") {
      // Out-of-band responses belong to no conversation, and run beside the others.
      if (response["conversation_id"] !== null) this.#running = response["id"];
    } else if (response["id"] === this.#running) {
      this.#running = undefined;
    }
    return { ...event, response };
  }
}

/**
 * @param {WireMessage} event
 * @returns {WireMessage}
 */
function sessionEvent(event) {
  const session = asFields(event["session"]);
  if (!session) return event;
  const prefix = session["type"] === "transcription" ? "transcription_" : "";
  return { ...event, type: prefix + event.type, session: flatSession(session) };
}

/**
 * An assistant's item with its content under the other dialect's names.
 * @param {unknown} item
 * @param {ReadonlyMap<unknown, string>} types
 */
function withParts(item, types) {
  const fields = asFields(item);
  if (fields?.["role"] !== "assistant" || !Array.isArray(fields["content"])) return item;
  return { ...fields, content: fields["content"].map((part) => withType(part, types)) };
}

/**
 * @param {unknown} part
 * @param {ReadonlyMap<unknown, string>} types
 */
function withType(part, types) {
  const fields = asFields(part);
  return fields ? { ...fields, type: types.get(fields["type"]) ?? fields["type"] } : part;
}
