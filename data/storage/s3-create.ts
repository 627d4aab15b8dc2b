import { setTimeout } from "node:timers/promises";
import { StorageError } from "./errors.ts";
import { answerOf, requestError } from "./s3-client.ts";
import { ownFolder, type S3Place } from "./s3-place.ts";
import { collect, readObject } from "./s3-read.ts";

const CONFLICTS = 8;
const PAUSE_MS = 50;

/** Creates objects only where there are none, which S3 decides: `If-None-Match: *`. */
export function conditionalCreate(place: S3Place): {
  create: (key: string, body: Uint8Array | string) => Promise<boolean>;
} {
  let checked: Promise<void> | undefined;
  return {
    async create(key, body) {
      checked ??= checkServer(place).catch((error: unknown) => {
        checked = undefined;
        throw error;
      });
      await checked;
      return createObject(place, key, body);
    },
  };
}

/**
 * Some servers take the header and overwrite nevertheless; two writers would then destroy each other's commits
 * unseen. One object that stays tells, at the first creation of a process.
 */
async function checkServer(place: S3Place): Promise<void> {
  const key = `${ownFolder}conditional-create`;
  if (!(await createObject(place, key, "1"))) return;
  if (await createObject(place, key, "2"))
    throw new StorageError(
      `The server of ${place.url} ignores If-None-Match, so writers could overwrite each other's commits: ` +
        "use one that honours it (AWS S3, MinIO, Ceph, R2).",
    );
}

async function createObject(place: S3Place, key: string, body: Uint8Array | string): Promise<boolean> {
  let attempts = 0;
  for (let conflicts = 0; ; conflicts += 1) {
    const error = await tryToCreate(place, key, body);
    if (error === undefined) return true;
    const answer = answerOf(error);
    attempts += answer.attempts;
    if (answer.status === 409 && conflicts < CONFLICTS) {
      await setTimeout(PAUSE_MS * (conflicts + Math.random()));
      continue;
    }
    // A try whose answer was lost may have created the object that the next one found, and a failed one may have
    // succeeded unheard. Only what is written there tells.
    const isTaken = answer.status === 412;
    const isSure = isTaken ? attempts === 1 : answer.status !== undefined && answer.status < 500;
    if (!isSure && (await isOurs(place, key, body))) return true;
    if (isTaken) return false;
    throw requestError(place.url, "Creating", key, error);
  }
}

async function tryToCreate(place: S3Place, key: string, body: Uint8Array | string): Promise<unknown> {
  const { PutObjectCommand } = await import("@aws-sdk/client-s3");
  const client = await place.client();
  try {
    const target = { Bucket: place.bucket, Key: place.prefix + key };
    await client.send(new PutObjectCommand({ ...target, Body: Buffer.from(body), IfNoneMatch: "*" }));
    return undefined;
  } catch (error) {
    return error;
  }
}

async function isOurs(place: S3Place, key: string, body: Uint8Array | string): Promise<boolean> {
  try {
    return (await collect(readObject(place, key))).equals(Buffer.from(body));
  } catch {
    return false;
  }
}
