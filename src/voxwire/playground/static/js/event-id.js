// What the page calls the events that it sends, to know which of them an answer or an error is about.

let last = 0;

/** @returns {string} another one each time; within a connection they must differ */
export function newEventId() {
  return `event_page_${++last}`;
}
