import { DataError } from "../errors.ts";
import { openFolder } from "./folder.ts";
import { openS3 } from "./s3.ts";
import type { Storage } from "./storage.ts";

export interface S3Options {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly pathStyle: boolean;
  readonly anonymous: boolean;
}

export interface CacheOptions {
  readonly dir: string;
  readonly maxBytes: number;
}

/** Opens the place that `url` names: `s3://bucket/prefix`, `file:///folder` or a folder's path. */
export function openStorage(url: string, options: { s3: S3Options; cache: CacheOptions }): Storage {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return openFolder(url);
  if (scheme === "s3") return openS3(url, options.s3, options.cache);
  if (scheme === "file") return openFolder(decodeURIComponent(new URL(url).pathname));
  throw new DataError(`A lake cannot lie at ${scheme}: addresses; use a folder or s3://bucket/prefix.`);
}
