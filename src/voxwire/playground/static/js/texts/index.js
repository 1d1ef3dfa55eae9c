// The texts of the playground.

import en from "./en.js";
import nl from "./nl.js";
import { translator } from "./translator.js";

/** @typedef {keyof typeof en} TextKey */

export const { t, hasText, translatePage } = translator({ en, nl });

export { formatCount, formatMs, formatSeconds, formatTimeOfDay } from "./translator.js";
