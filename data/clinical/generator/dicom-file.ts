import type { Random } from "./random.ts";

const explicitLittleEndian = "1.2.840.10008.1.2.1";
const mrStorage = "1.2.840.10008.5.1.4.1.1.4";

/** A small DICOM file as Coherent has them: texts that say UNKNOWN, a true date, a picture of a few pixels. */
export function makeDicom(random: Random, uid: string, day: string): Buffer {
  const side = 16;
  const meta = Buffer.concat([
    element(0x0002, 0x0001, "OB", Buffer.from([0, 1])),
    element(0x0002, 0x0002, "UI", text(mrStorage, "\0")),
    element(0x0002, 0x0003, "UI", text(`${uid}.1`, "\0")),
    element(0x0002, 0x0010, "UI", text(explicitLittleEndian, "\0")),
  ]);
  const pixels = Buffer.alloc(side * side * 2, random.whole(0, 255));
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from("DICM"),
    element(0x0002, 0x0000, "UL", number32(meta.byteLength)),
    meta,
    element(0x0008, 0x0020, "DA", text(day.replaceAll("-", ""))),
    element(0x0008, 0x0060, "CS", text("OT")),
    element(0x0008, 0x0070, "LO", text("UNKNOWN")),
    element(0x0008, 0x1030, "LO", text("UNKNOWN")),
    element(0x0008, 0x103e, "LO", text("UNKNOWN")),
    element(0x0018, 0x0050, "DS", text(String(random.between(0.8, 5, 1)))),
    ...(random.chance(0.5) ? [element(0x0018, 0x0087, "DS", text(random.pick(["1.5", "3"])))] : []),
    element(0x0020, 0x000d, "UI", text(uid, "\0")),
    element(0x0028, 0x0010, "US", number16(side)),
    element(0x0028, 0x0011, "US", number16(side)),
    element(0x0028, 0x0100, "US", number16(16)),
    element(0x7fe0, 0x0010, "OW", pixels),
  ]);
}

/** Values have an even length; texts are filled with a space, UIDs with a zero byte. */
function text(value: string, filling = " "): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return bytes.byteLength % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from(filling)]);
}

function number16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function element(group: number, number: number, kind: string, value: Buffer): Buffer {
  const wide = kind === "OB" || kind === "OW";
  const head = Buffer.alloc(wide ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(kind, 4, "latin1");
  if (wide) head.writeUInt32LE(value.byteLength, 8);
  else head.writeUInt16LE(value.byteLength, 6);
  return Buffer.concat([head, value]);
}
