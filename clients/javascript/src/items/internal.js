// How the client feeds its objects. Programs cannot get at these: the symbols are not exported.

/** The method that takes a message about the object. */
export const receive = Symbol("receive");

/** Where a connection counts what is unread. */
export const backlog = Symbol("backlog");

/** The method that ends whatever the object streams: with an error, or just so. */
export const end = Symbol("end");
