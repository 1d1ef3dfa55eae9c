import * as browser from "./browser.js";
import * as node from "./node.js";

/** Electron's windows have both; there the page's own WebSocket is the one that proxies know. */
const inNode = typeof process !== "undefined" && Boolean(process.versions?.node) && typeof window === "undefined";

/** How this platform opens a WebSocket. */
export const openSocket = inNode ? node.openSocket : browser.openSocket;
