import { CorruptDeletionVectorError } from "./errors.ts";

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/** Bytes written as ZeroMQ's base 85: five characters for each four bytes. */
export function decodeZ85(text: string): Buffer {
  if (text.length % 5 !== 0) throw badText();
  const bytes = Buffer.alloc((text.length / 5) * 4);
  for (let at = 0; at < text.length; at += 5) {
    let value = 0;
    for (let index = at; index < at + 5; index += 1) {
      const digit = alphabet.indexOf(text.charAt(index));
      if (digit < 0) throw badText();
      value = value * 85 + digit;
    }
    if (value > 0xffff_ffff) throw badText();
    bytes.writeUInt32BE(value, (at / 5) * 4);
  }
  return bytes;
}

/** The number of bytes must be a multiple of four. */
export function encodeZ85(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4) {
    let value = bytes.readUInt32BE(at);
    let group = "";
    for (let index = 0; index < 5; index += 1) {
      group = alphabet.charAt(value % 85) + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text;
}

function badText(): CorruptDeletionVectorError {
  return new CorruptDeletionVectorError("A deletion vector in the log is not base-85 text.");
}
