// The same package by require(), with types of its own.

import rt = require("rt-client");

const client = new rt.RTClient({ key: "secret" }, { model: "gpt-4o-realtime-preview" });
const response: Promise<rt.RTResponse | undefined> = client.generateResponse();
response.catch((error: unknown) => {
  if (error instanceof rt.RTError) console.error(error.code);
});
