// What the page that manages the server works out, without a page.

import assert from "node:assert/strict";
import test from "node:test";

import { roundUp } from "./js/manage/bar-chart.js";
import { ADDRESS, AS_IT_IS, choiceOf, differences, OF_PROFILE, settingsOf } from "./js/manage/deployment-form.js";
import { principalOf } from "./js/manage/principal.js";
import { piecesOf } from "./js/manage/answer-stages.js";

const WHISPER = { id: "whisper-small", source: "catalogue", kind: "stt", engines: ["whisper"] };
const SPHINX = { id: "stt.pocketsphinx", source: "engine", kind: "stt", engines: [] };

test("an engine is shown as what it was chosen as, and as itself where it is more than that", () => {
  const models = [WHISPER, SPHINX];
  assert.equal(choiceOf(null, models, "stt"), OF_PROFILE);
  assert.equal(choiceOf({ name: "whisper", options: { model: "whisper-small" } }, models, "stt"), "whisper-small");
  assert.equal(choiceOf({ name: "pocketsphinx", options: {} }, models, "stt"), "stt.pocketsphinx");
  assert.equal(choiceOf({ name: "chat", options: { base_url: "http://a/v1" } }, [], "llm"), ADDRESS);
  assert.equal(choiceOf({ name: "chat", options: { base_url: "http://a/v1", api_key: "**" } }, [], "llm"), AS_IT_IS);
  const line = { name: "whisper", options: { model: "whisper-small" }, otherwise: [{ name: "pocketsphinx", options: {} }] };
  assert.equal(choiceOf(line, models, "stt"), AS_IT_IS);
});

test("the choice of an engine is said as the server has it; one that stays is not said", () => {
  /** @param {Record<string, string>} fields */
  const said = (fields) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    return settingsOf(data, /** @type {any} */ ([WHISPER, SPHINX]));
  };
  assert.deepEqual(said({ stt: "whisper-small" })["stt"], { name: "whisper", options: { model: "whisper-small" } });
  assert.deepEqual(said({ stt: "stt.pocketsphinx" })["stt"], { name: "pocketsphinx", options: {} });
  assert.deepEqual(said({ llm: ADDRESS, "llm.base_url": "http://a/v1", "llm.model": "m" })["llm"], {
    name: "chat",
    options: { base_url: "http://a/v1", model: "m" },
  });
  assert.equal(said({ stt: OF_PROFILE })["stt"], null);
  assert.equal("stt" in said({ stt: AS_IT_IS }), false);
});

test("only what was changed is said", () => {
  const before = { voice: null, limits: { requests_per_minute: 60 }, region: "a" };
  assert.deepEqual(differences(before, { ...before, voice: "alloy" }), { voice: "alloy" });
  assert.deepEqual(differences(before, { ...before, limits: { requests_per_minute: null } }), {
    limits: { requests_per_minute: null },
  });
});

const SPOKEN = {
  speech_started_ms: 100,
  speech_stopped_ms: 1000,
  created_ms: 1200,
  transcript_ms: 1500,
  first_text_ms: 1600,
  first_audio_ms: 1700,
};

test("the stages of an answer follow each other", () => {
  const pieces = piecesOf(/** @type {any} */ (SPOKEN), { ended_ms: 3000 });
  assert.deepEqual(pieces.map(({ stage, from, to }) => [stage, from, to]), [
    ["speech", 100, 1000],
    ["decided", 1000, 1200],
    ["words", 1200, 1500],
    ["token", 1500, 1600],
    ["audio", 1600, 1700],
    ["heard", 1700, 3000],
  ]);
});

test("a stage that was over before has no piece: an answer that was begun in a pause, or one in writing", () => {
  const draft = piecesOf(/** @type {any} */ ({ ...SPOKEN, created_ms: 900, transcript_ms: 950, first_text_ms: 990 }), { ended_ms: null });
  assert.deepEqual(draft.map(({ stage }) => stage), ["speech", "audio"]);
  const written = { ...SPOKEN, speech_started_ms: null, speech_stopped_ms: null, transcript_ms: null, first_audio_ms: null };
  assert.deepEqual(piecesOf(/** @type {any} */ (written), { ended_ms: null }), [{ stage: "token", from: 1200, to: 1600 }]);
});

test("an axis ends at a round number", () => {
  assert.deepEqual([0, 1, 3, 294, 500, 501, 70_000].map(roundUp), [1, 1, 5, 500, 500, 1000, 100_000]);
});

test("usage names a key, says of one that is gone that it is, and has the id of everybody else", () => {
  /** @param {object} row */
  const shown = (row) => principalOf(/** @type {any} */ (row), (name) => `${name}, gone`);
  assert.equal(shown({ principal: "key_1", principal_name: "web", principal_ended: false }), "web");
  assert.equal(shown({ principal: "key_1", principal_name: "web", principal_ended: true }), "web, gone");
  assert.equal(shown({ principal: "anonymous", principal_name: null, principal_ended: null }), "anonymous");
});
