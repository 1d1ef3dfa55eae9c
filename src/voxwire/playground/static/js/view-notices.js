// What went wrong, in a sentence that says what to do.

import { AudioError } from "../rt-client/audio/index.js";
import { byId, element } from "./dom.js";
import { ConnectionError, MicrophoneEnded } from "./talk.js";
import { hasText, t } from "./texts/index.js";

/**
 * @import { TextKey } from "./texts/index.js"
 * @import { Message } from "./wire.js"
 */

/**
 * @typedef {object} Notice
 * @property {string} title
 * @property {string} text
 * @property {string} [details] codes and references
 * @property {{ label: string, act: () => void }} [action]
 */

/** @param {Notice} notice */
export function showNotice({ title, text, details, action }) {
  const close = () => notice.remove();
  const buttons = [];
  if (action) {
    const act = () => {
      close();
      action.act();
    };
    buttons.push(element("button", { class: "quiet", type: "button", onclick: act }, action.label));
  }
  buttons.push(element("button", { class: "quiet", type: "button", onclick: close }, t("dismiss")));
  const body = element("div", {}, element("strong", {}, title), element("p", {}, text));
  if (details) body.append(element("p", { class: "details" }, details));
  const notice = element("div", { class: "notice", role: "alert" }, body, element("div", { class: "actions" }, ...buttons));
  // One at a time: the latest is what the person just caused.
  byId("notices").replaceChildren(notice);
}

export function clearNotices() {
  byId("notices").replaceChildren();
}

/**
 * @param {unknown} error
 * @param {string} deployment
 * @param {() => void} retry
 * @returns {Notice}
 */
export function noticeOf(error, deployment, retry) {
  if (error instanceof MicrophoneEnded) return { title: t("microphone.title"), text: t("microphone.ended") };
  if (error instanceof AudioError) return { title: t("microphone.title"), text: t(`microphone.${error.code}`) };
  const code = error instanceof ConnectionError ? error.code : "unknown";
  const requestId = error instanceof ConnectionError ? error.requestId : undefined;
  return {
    title: t("connection.refused"),
    text: t(`connection.${code}`, { name: deployment }),
    details: requestId ? t("error.request", { reference: requestId }) : undefined,
    action: { label: t("reconnect"), act: retry },
  };
}

/**
 * @param {Message} message `error`, or a response that failed
 * @param {string} session its id
 * @returns {Notice}
 */
export function refusalOf({ type, error }, session) {
  const { code, message = "", event_id: eventId } = error ?? {};
  const hint = `hint.${code}`;
  const fallback = type === "error" ? t("error.unknown") : t("hint.response");
  return {
    title: type === "error" ? t("error.title") : t("response.failed"),
    text: `${message} ${hasText(hint) ? t(/** @type {TextKey} */ (hint)) : fallback}`.trim(),
    details: t("error.reference", { code: code ?? "–", reference: eventId || session || "–" }),
  };
}
