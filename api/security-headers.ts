import type { ServerResponse } from "node:http";

const always = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "no-store",
};

/** Data is not a page: nothing in it may load, run or be framed. */
const forData = "default-src 'none'; frame-ancestors 'none'";

/** The board and the reading page load their own files only; the board writes styles into its elements. */
const forPages = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** For an answer of data that is written at once: names and values in turn. */
export const dataHeaders: readonly string[] = Object.entries({
  ...always,
  "content-security-policy": forData,
}).flat();

export function secureData(response: ServerResponse) {
  for (const [name, value] of Object.entries(always)) response.setHeader(name, value);
  response.setHeader("content-security-policy", forData);
}

export function securePage(response: ServerResponse) {
  response.setHeader("content-security-policy", forPages);
}
