// Who has used something, as people know them.

/**
 * A key by its name; everybody else by the id.
 * @param {{ principal: string | null, principal_name: string | null, principal_ended: boolean | null }} row
 * @param {(name: string) => string} gone says of a key that it is
 */
export function principalOf({ principal, principal_name: name, principal_ended: ended }, gone) {
  return name && ended ? gone(name) : (name ?? principal);
}
