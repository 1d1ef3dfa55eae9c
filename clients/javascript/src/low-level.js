// `LowLevelRTClient` alone, for pages that load modules as they are: they load much less than with `index.js`.

export { RTError } from "./errors.js";
export { LowLevelRTClient } from "./low-level-client.js";

/** @typedef {import("./errors.js").RTErrorDetails} RTErrorDetails */
/** @typedef {import("./models/client-messages.js").UserMessageType} UserMessageType */
/** @typedef {import("./models/server-messages.js").ServerMessageType} ServerMessageType */
/** @typedef {import("./options.js").Dialect} Dialect */
/** @typedef {import("./options.js").KeyCredential} KeyCredential */
/** @typedef {import("./options.js").OnWire} OnWire */
/** @typedef {import("./options.js").RTAzureOpenAIOptions} RTAzureOpenAIOptions */
/** @typedef {import("./options.js").RTOpenAIOptions} RTOpenAIOptions */
/** @typedef {import("./options.js").TokenCredential} TokenCredential */
/** @typedef {import("./options.js").WireEvent} WireEvent */
