export * from "./client-messages.js";
export * from "./common.js";
export * from "./items.js";
export * from "./server-items.js";
export * from "./server-messages.js";
