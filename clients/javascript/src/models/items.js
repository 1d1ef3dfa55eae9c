// Conversation items as the client sends them.

/** @typedef {"completed" | "incomplete"} ItemParamStatus */

/** @typedef {{ type: "input_text", text: string }} InputTextContentPart */

/** @typedef {{ type: "input_audio", audio: string, transcript?: string }} InputAudioContentPart */

/** @typedef {{ type: "text", text: string }} OutputTextContentPart */

/** @typedef {InputTextContentPart} SystemContentPart */

/** @typedef {InputTextContentPart | InputAudioContentPart} UserContentPart */

/** @typedef {OutputTextContentPart} AssistantContentPart */

/** @typedef {{ type: "message", role: "system", content: SystemContentPart[], id?: string, status?: ItemParamStatus }} SystemMessageItem */

/** @typedef {{ type: "message", role: "user", content: UserContentPart[], id?: string, status?: ItemParamStatus }} UserMessageItem */

/** @typedef {{ type: "message", role: "assistant", content: AssistantContentPart[], id?: string, status?: ItemParamStatus }} AssistantMessageItem */

/** @typedef {SystemMessageItem | UserMessageItem | AssistantMessageItem} MessageItem */

/** @typedef {{ type: "function_call", name: string, call_id: string, arguments: string, id?: string, status?: ItemParamStatus }} FunctionCallItem */

/** @typedef {{ type: "function_call_output", call_id: string, output: string, id?: string, status?: ItemParamStatus }} FunctionCallOutputItem */

/** @typedef {MessageItem | FunctionCallItem | FunctionCallOutputItem} Item */

/** The `type` of every message item. */
export const MessageItemType = "message";

/**
 * @template {{ type: string }} T
 * @param {T} item
 * @returns {item is T & { type: "message" }}
 */
export function isMessageItem(item) {
  return item.type === MessageItemType;
}

/**
 * @template {{ type: string }} T
 * @param {T} item
 * @returns {item is T & { type: "function_call" }}
 */
export function isFunctionCallItem(item) {
  return item.type === "function_call";
}
