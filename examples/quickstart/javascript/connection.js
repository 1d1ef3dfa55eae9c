// Whom the examples talk to: as the environment or the file .env says. With a key if there is one.

import { DefaultAzureCredential } from "@azure/identity";
import dotenv from "dotenv";

dotenv.config({ quiet: true });

/** @param {string} name */
function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}.`);
  return value;
}

export const endpoint = new URL(required("AZURE_OPENAI_ENDPOINT"));
export const deployment = required("AZURE_OPENAI_DEPLOYMENT_NAME");

const key = process.env.AZURE_OPENAI_API_KEY;
export const credential = key ? { key } : new DefaultAzureCredential();
