/** `#undici-agent` wherever there is no Node: bundlers follow no import into undici, and requests go over `fetch`. */
export const Agent = undefined;
