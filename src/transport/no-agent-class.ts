/** `#undici-agent` outside Node: bundlers do not follow an import into undici, and requests use `fetch`. */
export const Agent = undefined;
