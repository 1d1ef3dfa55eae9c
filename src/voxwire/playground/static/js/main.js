// The page: puts its parts together and hands on what people do.

import { Conversation } from "./conversation.js";
import { byId, download, element, oncePerFrame } from "./dom.js";
import { EventLog } from "./event-log.js";
import { Latency } from "./latency.js";
import { loadWire, Talk } from "./talk.js";
import { t, translatePage } from "./texts/index.js";
import { ConversationView } from "./view-conversation.js";
import { EventsView } from "./view-events.js";
import { LatencyView } from "./view-latency.js";
import { clearNotices, noticeOf, refusalOf, showNotice } from "./view-notices.js";
import { SetupView } from "./view-setup.js";
import { listMicrophones } from "./voice.js";
import { toWav } from "./wav.js";

translatePage();

const button = /** @type {(id: string) => HTMLButtonElement} */ (byId);

const conversation = new Conversation((item) => conversationView.changed(item));
const log = new EventLog((entry) => eventsView.changed(entry));
const latency = new Latency(() => latencyView.draw());
const setup = new SetupView(() => talk.update());
const drawState = oncePerFrame(showState);

const talk = new Talk({
  settings: () => setup.settings,
  tools: () => setup.tools,
  conversation,
  log,
  latency,
  onState: drawState,
  onProblem: (error) => showNotice(noticeOf(error, setup.settings.deployment, () => attempt())),
  onRefused: (message) => showNotice(refusalOf(message, sessionId())),
  onLost: (code, reason) =>
    showNotice({
      title: t("connection.lost"),
      text: t("connection.lost.why", { code, reason: reason && `${reason}.`.replace("..", ".") }),
      action: { label: t("reconnect"), act: () => void listen() },
    }),
});

const conversationView = new ConversationView(
  (id) => conversation.get(id) !== undefined,
  (item, output) => talk.answerCall(item, output, false),
);
const eventsView = new EventsView(() => log, () => setup.settings, copied);
const latencyView = new LatencyView(latency, () => talk.clock);

// --- the dock ----------------------------------------------------------------------------------------

/** What to try again. */
let attempt = () => void listen();

async function listen() {
  attempt = () => void listen();
  clearNotices();
  button("listen").disabled = true;
  await talk.startListening();
  button("listen").disabled = false;
  await showMicrophones();
}

button("listen").addEventListener("click", () => void (talk.voice.listening ? talk.stopListening() : listen()));
button("disconnect").addEventListener("click", () => talk.disconnect());
button("mute").addEventListener("click", () => talk.mute(!talk.voice.muted));

const hold = button("hold");
hold.addEventListener("pointerdown", (event) => {
  hold.setPointerCapture(event.pointerId);
  void talk.hold();
});
hold.addEventListener("pointerup", () => talk.release());
hold.addEventListener("pointercancel", () => talk.release());
addEventListener("blur", () => talk.release());

/** @param {KeyboardEvent} event @returns {boolean} the space bar, where it does nothing else */
function isTalkKey({ code, target }) {
  const element = /** @type {HTMLElement} */ (target);
  return code === "Space" && (element === hold || !element.closest("input, textarea, select, button, summary"));
}

addEventListener("keydown", (event) => {
  if (hold.hidden || !isTalkKey(event)) return;
  event.preventDefault();
  if (!event.repeat) void talk.hold();
});
addEventListener("keyup", (event) => {
  if (!hold.hidden && isTalkKey(event)) talk.release();
});

const sayField = /** @type {HTMLInputElement} */ (byId("say"));
byId("say-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void say(sayField.value);
});

/** @param {string} text */
async function say(text) {
  if (!text.trim()) return;
  attempt = () => void say(text);
  clearNotices();
  if ((await talk.say(text)) && sayField.value === text) sayField.value = "";
}

byId("prompts").append(
  .../** @type {const} */ (["prompt.1", "prompt.2", "prompt.3"]).map((key) =>
    element("button", { type: "button", lang: "en", onclick: () => void say(t(key)) }, t(key)),
  ),
);

const microphones = /** @type {HTMLSelectElement} */ (byId("microphone"));
microphones.addEventListener("change", () => {
  setup.set("microphone", microphones.value);
  if (talk.voice.listening) void listen();
});

async function showMicrophones() {
  /** @type {Awaited<ReturnType<typeof listMicrophones>>} */
  let devices = [];
  try {
    devices = await listMicrophones();
  } catch {
    // An insecure origin; said when the person wants to be heard.
  }
  const options = devices
    .filter(({ deviceId }) => deviceId !== "" && deviceId !== "default")
    .map(({ deviceId, label }, i) =>
      element("option", { value: deviceId }, label || t("microphone.numbered", { number: i + 1 })),
    );
  microphones.replaceChildren(element("option", { value: "" }, t("microphone.default")), ...options);
  const wanted = setup.settings.microphone;
  microphones.value = options.some(({ value }) => value === wanted) ? wanted : "";
}

void showMicrophones();
// Undefined, whatever TypeScript says, on insecure origins.
const mediaDevices = /** @type {MediaDevices | undefined} */ (navigator.mediaDevices);
mediaDevices?.addEventListener("devicechange", () => void showMicrophones());

// --- what is shown all the time ----------------------------------------------------------------------

function showState() {
  const { link, now, voice, holding } = talk;
  const { turns } = setup.settings;
  const states = { off: "off", connecting: "busy", on: "on", lost: "lost" };
  byId("status").dataset["state"] = states[link];
  const label = setup.labelOf(talk.deployment);
  const status = t(link === "on" && label ? "status.on.label" : `status.${link}`, { deployment: talk.deployment, label });
  if (byId("status-text").textContent !== status) byId("status-text").textContent = status;
  const speaking = t(now === "assistant" && !talk.interruptible ? "state.answering" : `state.${now}`);
  if (byId("speaking").textContent !== speaking) byId("speaking").textContent = speaking;
  document.body.dataset["now"] = now;
  button("disconnect").hidden = link !== "on" && link !== "connecting";
  button("mute").disabled = !voice.listening;
  button("mute").setAttribute("aria-pressed", String(voice.muted));
  button("listen").setAttribute("aria-pressed", String(voice.listening));
  byId("listen-text").textContent = t(voice.listening ? "listen.stop" : "listen");
  hold.hidden = !(voice.listening && link === "on" && turns === "none");
  hold.setAttribute("aria-pressed", String(holding));
  byId("hold-text").textContent = t(holding ? "hold.release" : "hold");
  if (link === "on") requestAnimationFrame(showLevels);
}

let showingLevels = false;

function showLevels() {
  if (showingLevels) return;
  showingLevels = true;
  const draw = () => {
    showingLevels = talk.link === "on";
    // Once the connection is gone nobody draws again, so that what was there last must not stay.
    const { you, voice } = showingLevels ? talk.voice.levels : { you: 0, voice: 0 };
    showLevel("level-you", you);
    showLevel("level-voice", voice);
    if (showingLevels) requestAnimationFrame(draw);
  };
  draw();
}

/** @param {string} id @param {number} level root mean square */
function showLevel(id, level) {
  // The ear's scale: 60 dB from nothing to all.
  const share = level > 0 ? Math.max(0, 1 + Math.log10(level) / 3) : 0;
  const meter = byId(id);
  const percent = String(Math.round(share * 100));
  if (meter.getAttribute("aria-valuenow") === percent) return;
  meter.setAttribute("aria-valuenow", percent);
  /** @type {HTMLElement} */ (meter.firstElementChild).style.transform = `scaleX(${share})`;
}

// --- views, saving, copying --------------------------------------------------------------------------

/** @param {string} view */
function show(view) {
  const inspects = view === "latency" || view === "events";
  document.body.dataset["view"] = inspects ? "inspect" : view;
  for (const other of document.querySelectorAll("[data-show]")) {
    const current = /** @type {HTMLElement} */ (other).dataset["show"] === view;
    if (current) other.setAttribute("aria-current", "true");
    else other.removeAttribute("aria-current");
  }
  if (inspects) inspect(view);
}

/** @param {string} panel */
function inspect(panel) {
  for (const name of ["latency", "events"]) {
    const chosen = name === panel;
    byId(name).hidden = !chosen;
    byId(`tab-${name}`).setAttribute("aria-selected", String(chosen));
    byId(`tab-${name}`).tabIndex = chosen ? 0 : -1;
  }
  eventsView.shown();
}

for (const tab of document.querySelectorAll("[data-show]")) {
  tab.addEventListener("click", () => show(/** @type {HTMLElement} */ (tab).dataset["show"] ?? "talk"));
}
for (const name of ["latency", "events"]) {
  const other = name === "latency" ? "events" : "latency";
  byId(`tab-${name}`).addEventListener("click", () => inspect(name));
  byId(`tab-${name}`).addEventListener("keydown", ({ key }) => {
    if (key !== "ArrowLeft" && key !== "ArrowRight") return;
    inspect(other);
    byId(`tab-${other}`).focus();
  });
}
show("talk");
inspect("latency");

const saveMenu = /** @type {HTMLDetailsElement} */ (byId("save"));
saveMenu.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") saveMenu.open = false;
});
addEventListener("click", ({ target }) => {
  if (!saveMenu.contains(/** @type {Node} */ (target))) saveMenu.open = false;
});

byId("save-json").addEventListener("click", () => {
  const { key, ...settings } = setup.settings;
  const saved = { settings, conversation, turns: latency.turns, usage: latency.usage, events: log.entries };
  download(fileName("json"), new Blob([JSON.stringify(saved, null, 2)], { type: "application/json" }));
  saveMenu.open = false;
});
byId("save-wav").addEventListener("click", () => {
  download(fileName("wav"), toWav(conversation.clips()));
  saveMenu.open = false;
});

/** @param {string} ending */
function fileName(ending) {
  return `conversation-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${ending}`;
}

/** @param {boolean} done */
function copied(done) {
  const toast = byId("copied");
  toast.textContent = t(done ? "copied" : "copy.failed");
  toast.hidden = false;
  setTimeout(() => (toast.hidden = true), 1500);
}

function sessionId() {
  const created = log.entries.findLast(({ type }) => type === "session.created");
  return String(created?.event["session"]?.id ?? "");
}

showState();

// What only a conversation needs comes while the person reads. If it does not come now, it is asked for again then.
addEventListener("load", () => void loadWire().catch(() => {}));

// For tests and for those who look into the page: what it knows.
Object.assign(window, { playground: { talk, conversation, latency, log, setup } });
