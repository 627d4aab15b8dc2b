import { BadKeyError } from "./errors.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const forbidden = /[\u0000-\u001f\u007f]|\p{Surrogate}/u;

/** Keys come from logs that others wrote: none may lead out of the storage or mean two objects. */
export function checkKey(key: string): string {
  const fault = faultOf(key);
  if (fault) throw new BadKeyError(`The key ${JSON.stringify(key)} ${fault}; use a relative path.`);
  return key;
}

/** The beginning of a key: it may be empty or end with a slash, and leads out of the storage no more than a key does. */
export function checkPrefix(prefix: string): string {
  if (prefix !== "") checkKey(prefix.endsWith("/") ? prefix.slice(0, -1) : prefix);
  return prefix;
}

function faultOf(key: string): string | undefined {
  if (key === "") return "is empty";
  if (key.startsWith("/")) return "is absolute";
  if (forbidden.test(key)) return "has a control character";
  if (Buffer.byteLength(key) > 1024) return "is longer than 1,024 bytes";
  const segments = key.split("/");
  if (segments.includes("..") || segments.includes(".")) return "has a dot for a folder";
  if (segments.includes("")) return "has an empty folder name";
  return undefined;
}

/** Orders keys by their UTF-8 bytes, as object stores do; UTF-16 differs above the basic plane. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
