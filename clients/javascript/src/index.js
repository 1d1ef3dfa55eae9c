export { RTClient } from "./client.js";
export { RTError } from "./errors.js";
export { RTAudioContent, RTTextContent } from "./items/content.js";
export { RTFunctionCallItem } from "./items/function-call.js";
export { RTInputAudioItem } from "./items/input-audio.js";
export { RTMessageItem } from "./items/message.js";
export { RTResponse } from "./items/response.js";
export { LowLevelRTClient } from "./low-level-client.js";
export * from "./models/index.js";

/** @typedef {import("./items/content.js").RTMessageContent} RTMessageContent */
/** @typedef {import("./items/response.js").RTOutputItem} RTOutputItem */
/** @typedef {import("./errors.js").RTErrorDetails} RTErrorDetails */
/** @typedef {import("./options.js").AccessToken} AccessToken */
/** @typedef {import("./options.js").Dialect} Dialect */
/** @typedef {import("./options.js").KeyCredential} KeyCredential */
/** @typedef {import("./options.js").OnWire} OnWire */
/** @typedef {import("./options.js").RTAzureOpenAIOptions} RTAzureOpenAIOptions */
/** @typedef {import("./options.js").RTOpenAIOptions} RTOpenAIOptions */
/** @typedef {import("./options.js").TokenCredential} TokenCredential */
/** @typedef {import("./options.js").WireEvent} WireEvent */
