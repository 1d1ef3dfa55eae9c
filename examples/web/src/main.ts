// The page: a form, a log, and three states.

import { RTError } from "rt-client";
import { Conversation, type Settings } from "./conversation";
import { Log } from "./log";

type State = "ready to start" | "working" | "ready to stop";

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const form = element<HTMLFormElement>("settings");
const fields = form.querySelector("fieldset") as HTMLFieldSetElement;
const recordButton = element<HTMLButtonElement>("record");
const stopButton = element<HTMLButtonElement>("stop");
const errorLine = element("error");
const log = new Log(element("log"));

let conversation: Conversation | undefined;

function setState(state: State) {
  fields.disabled = state !== "ready to start";
  recordButton.disabled = state !== "ready to start";
  stopButton.disabled = state !== "ready to stop";
}

function showError(error: unknown) {
  errorLine.textContent = sentenceOf(error);
  errorLine.hidden = false;
}

function sentenceOf(error: unknown) {
  if (error instanceof RTError && error.code === "connection_failed") {
    return "No connection. Check the endpoint, the key and the deployment: browsers do not tell a page what is wrong.";
  }
  return error instanceof Error ? error.message : String(error);
}

function readSettings(): Settings {
  const text = (name: string) => (form.elements.namedItem(name) as HTMLInputElement).value.trim();
  return {
    endpoint: new URL(text("endpoint")),
    key: text("key"),
    deployment: text("deployment"),
    instructions: text("instructions"),
    temperature: Number(text("temperature")),
    voice: text("voice"),
  };
}

async function record() {
  errorLine.hidden = true;
  setState("working");
  try {
    conversation = await Conversation.open(readSettings(), log, showError);
    setState("ready to stop");
    await conversation.run();
  } catch (error) {
    showError(error);
  } finally {
    setState("working");
    await conversation?.close();
    conversation = undefined;
    setState("ready to start");
  }
}

function showLevels() {
  element<HTMLMeterElement>("spoken").value = conversation?.spokenLevel ?? 0;
  element<HTMLMeterElement>("heard").value = conversation?.heardLevel ?? 0;
  requestAnimationFrame(showLevels);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void record();
});
form.addEventListener("input", () => {
  (form.elements.namedItem("shown") as HTMLOutputElement).value = readSettings().temperature.toFixed(2);
});
stopButton.addEventListener("click", () => void conversation?.close());
element("clear").addEventListener("click", () => {
  form.reset();
  log.clear();
  errorLine.hidden = true;
});
showLevels();
