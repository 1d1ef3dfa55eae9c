// The texts of the page that manages the server.

import { translator } from "../../texts/translator.js";
import en from "./en.js";
import nl from "./nl.js";

/** @typedef {keyof typeof en} TextKey */

export const { t, hasText, translatePage } = translator({ en, nl });
