// A key that was just made: it is shown once, with the lines that a program needs.

import { element } from "../dom.js";
import { serverUrl } from "./api.js";
import { button, copy } from "./parts.js";
import { t } from "./texts/index.js";

/**
 * @typedef {"user" | "reader" | "contributor" | "owner"} Role
 *
 * @typedef {object} StoredKey times are seconds since 1970
 * @property {string} name
 * @property {string} hint
 * @property {Role[]} roles
 * @property {string[] | null} deployments
 * @property {number} created_at
 * @property {string} created_by
 * @property {number | null} expires_at
 * @property {number | null} last_used_at
 *
 * @typedef {StoredKey & { secret: string }} IssuedKey
 */

/**
 * @param {IssuedKey} key
 * @param {string[]} deployments that there are
 * @param {boolean} adopted the page itself goes on with it
 */
export function issuedKey(key, deployments, adopted) {
  const allowed = key.deployments ?? deployments;
  const which = element("select", { id: "issued-deployment" }, ...allowed.map((name) => element("option", {}, name)));
  const lines = element("pre", { id: "environment", tabindex: 0 });
  const draw = () => (lines.textContent = environment(key.secret, which.value));
  which.addEventListener("change", draw);
  draw();
  return element(
    "section",
    { class: "issued" },
    element("h3", { tabindex: -1 }, t("issued", { name: key.name })),
    element("p", {}, t("issued.once"), adopted ? ` ${t("issued.adopted")}` : ""),
    element(
      "div",
      { class: "secret" },
      element("code", { id: "secret" }, key.secret),
      button(t("copy"), () => void copy(key.secret), { "aria-label": t("issued.copy") }),
    ),
    element("div", { class: "field" }, element("label", { for: "issued-deployment" }, t("issued.deployment")), which),
    lines,
    button(t("issued.copy.lines"), () => void copy(lines.textContent ?? "")),
  );
}

/**
 * The lines to paste into a shell, as `voxwire serve` prints them.
 * @param {string} secret
 * @param {string} deployment
 */
export function environment(secret, deployment) {
  const url = serverUrl();
  return [
    `export AZURE_OPENAI_ENDPOINT=${url}`,
    ...(deployment ? [`export AZURE_OPENAI_DEPLOYMENT_NAME=${deployment}`] : []),
    `export AZURE_OPENAI_API_KEY=${secret}`,
    `export OPENAI_BASE_URL=${url}/v1`,
    `export OPENAI_API_KEY=${secret}`,
  ].join("\n");
}
