import type { Random } from "../chaos/random.ts";

/** What programs stumble over. */
const tokens = [
  "\0",
  "\ufeff",
  "\r",
  "\n",
  "\r\n",
  '"',
  "\\",
  "'",
  ",",
  ";",
  "{",
  "}",
  "[",
  "]",
  "null",
  "true",
  "NaN",
  "Infinity",
  "-0",
  "1e400",
  "9007199254740993",
  "-1",
  "0000-00-00",
  "275760-09-13T00:00:00Z",
  "__proto__",
  "constructor",
  "../../../../etc/passwd",
  "/dev/zero",
  "%s%n",
  "$(7*7)",
  "\u{1F600}",
  "\ud800",
  "ﬃ",
  "Ⅸ",
  "A".repeat(5_000),
  "[".repeat(2_000),
  "resourceType",
  "reference",
  "--",
  "/*",
  "$$",
];

/** A few changes anywhere: bits turned, pieces cut out, doubled, moved, put in, the end cut off. */
export function mutate(random: Random, original: Uint8Array): Buffer {
  let bytes = Buffer.from(original);
  for (let change = 1 + random.below(4); change > 0; change -= 1) bytes = changed(random, bytes);
  return bytes;
}

export function mutateText(random: Random, original: string): string {
  return mutate(random, Buffer.from(original)).toString("utf8");
}

function changed(random: Random, bytes: Buffer): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(random.next() < 0.5 ? 4 : 200);
  const [before, piece, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ];
  switch (random.below(8)) {
    case 0:
      return Buffer.from(before);
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, piece, piece, after]);
    case 3:
      return Buffer.concat([after, piece, before]);
    case 4:
      return Buffer.concat([before, Buffer.from(piece.map(() => random.below(256))), after]);
    case 5: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      return flipped;
    }
    default:
      return Buffer.concat([
        before,
        Buffer.from(random.pick(tokens) ?? ""),
        random.next() < 0.5 ? after : piece,
        after,
      ]);
  }
}
