/** What a model's text is as JSON: whole, cut off, or wrong where no more text would help. */
export type JsonText =
  | { readonly state: "whole"; readonly value: unknown }
  | { readonly state: "cut" }
  | { readonly state: "wrong" };

/** Looks at the first object or list in the text; what stands before and after it, as a fence, is passed over. */
export function readJsonText(text: string): JsonText {
  const start = text.search(/[[{]/);
  if (start === -1) return text.trim() === "" ? { state: "cut" } : { state: "wrong" };
  const end = endOfValue(text, start);
  if (end === undefined) return { state: "cut" };
  try {
    return { state: "whole", value: JSON.parse(text.slice(start, end)) };
  } catch {
    return { state: "wrong" };
  }
}

/** Where the braces balance; undefined when the text ends before. */
function endOfValue(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at);
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") depth -= 1;
    if (depth === 0) return at + 1;
  }
  return undefined;
}

/** The place of the quote that ends a string, or the end of the text. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}
