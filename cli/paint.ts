const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const;

export type Colour = keyof typeof codes;
export type Paint = (colour: Colour, text: string) => string;

export const plain: Paint = (_colour, text) => text;

export const coloured: Paint = (colour, text) => {
  const [on, off] = codes[colour];
  return text === "" ? text : `\u001b[${on}m${text}\u001b[${off}m`;
};

/** Colours are for a person at a terminal who has not refused them (https://no-color.org). */
export function paintFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  return stream.isTTY && !env.NO_COLOR && env.TERM !== "dumb" ? coloured : plain;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what it looks for.
const escapes = /\u001b\[\d+m/g;

/** How many columns `text` takes on a terminal. */
export function visibleWidth(text: string): number {
  return text.replace(escapes, "").length;
}
