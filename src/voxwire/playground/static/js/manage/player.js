// The sound of a stored conversation.

import { element } from "../dom.js";
import { fetchBlob, pathOf } from "./api.js";
import { button, messageOf } from "./parts.js";
import { t } from "./texts/index.js";

/** A longer one is fetched when somebody asks for it: ten minutes take 58 MB. */
const AT_ONCE_MS = 600_000;

/**
 * @param {{ id: string, duration_ms: number }} conversation
 * @param {(ms: number) => void} at called in each frame of the screen while it plays, and when it is set somewhere
 */
export function player({ id, duration_ms: lasts }, at) {
  const audio = element("audio", { controls: true, preload: "metadata", "aria-label": t("conversation.sound") });
  const place = element("div", { class: "player" });
  /** @type {string | undefined} */
  let url;
  let closed = false;
  const tell = () => at(audio.currentTime * 1000);
  const follow = () => {
    tell();
    if (!audio.paused) requestAnimationFrame(follow);
  };
  audio.addEventListener("play", follow);
  audio.addEventListener("seeked", tell);

  const load = async () => {
    place.replaceChildren(element("p", { class: "hint" }, t("conversation.loading")));
    try {
      const sound = await fetchBlob(`${pathOf("sessions", id)}/audio`);
      if (closed) return;
      url = URL.createObjectURL(sound);
      audio.src = url;
      place.replaceChildren(audio);
    } catch (error) {
      place.replaceChildren(element("p", { class: "problem", role: "alert" }, messageOf(error)), button(t("conversation.load"), () => void load()));
    }
  };
  if (lasts <= AT_ONCE_MS) void load();
  else place.append(button(t("conversation.load"), () => void load()));

  return {
    root: place,
    /** @param {number} ms play from here on */
    seek(ms) {
      audio.currentTime = ms / 1000;
      if (url !== undefined) void audio.play().catch(() => {}); // the browser wants a click first: it stands there
    },
    close() {
      closed = true;
      audio.pause();
      if (url !== undefined) URL.revokeObjectURL(url);
    },
  };
}
