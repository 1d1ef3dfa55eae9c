// What a person can mend is said in one line. Without this module Node prints where in the code it was noticed, too.

process.on("uncaughtException", (/** @type {Error & { status?: number, requestId?: string }} */ error) => {
  const { name, message, status, requestId } = error;
  const more = [status && `status ${status}`, requestId && `requestId ${requestId}`].filter(Boolean).join(", ");
  console.error(`${name}: ${message}${more && ` (${more})`}`);
  process.exit(1);
});
