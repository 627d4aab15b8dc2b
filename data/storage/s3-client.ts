import type { S3Client } from "@aws-sdk/client-s3";
import { NotFoundError } from "../errors.ts";
import { StorageError } from "./errors.ts";
import type { S3Options } from "./open-storage.ts";

/** The library is large: only a process that uses S3 loads it. */
export async function connectS3({ endpoint, region, pathStyle, anonymous }: S3Options): Promise<S3Client> {
  const { S3Client } = await import("@aws-sdk/client-s3");
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: pathStyle,
    maxAttempts: 5,
    // Servers other than AWS refuse the trailing checksums that the library would send unasked.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 120_000 },
    ...(anonymous && {
      credentials: { accessKeyId: "anonymous", secretAccessKey: "anonymous" },
      signer: { sign: async (request) => request },
    }),
  });
}

/** What S3 answered, by the parts of an error that tell it. */
export function answerOf(error: unknown): { status: number | undefined; name: string; attempts: number } {
  if (!(error instanceof Error)) return { status: undefined, name: "", attempts: 1 };
  const metadata = "$metadata" in error ? error.$metadata : undefined;
  return {
    status: numberIn(metadata, "httpStatusCode"),
    name: error.name,
    attempts: numberIn(metadata, "attempts") ?? 1,
  };
}

function numberIn(value: unknown, field: string): number | undefined {
  if (typeof value !== "object" || value === null || !(field in value)) return undefined;
  const found: unknown = Reflect.get(value, field);
  return typeof found === "number" ? found : undefined;
}

const advice: Readonly<Record<string, string>> = {
  NoSuchBucket: "the bucket does not exist; create it",
  AccessDenied: "access is denied; check the credentials and the bucket's policy",
  InvalidAccessKeyId: "the access key is unknown; check the credentials",
  SignatureDoesNotMatch: "the secret key is wrong; check the credentials",
  CredentialsProviderError: "there are no credentials; set AWS_ACCESS_KEY_ID or S3_ANONYMOUS",
  PermanentRedirect: "the bucket is in another region; set S3_REGION",
};

/** The error that a failed request surfaces. */
export function requestError(url: string, action: string, key: string, error: unknown): Error {
  const { status, name } = answerOf(error);
  if (status === 404 && name !== "NoSuchBucket") return new NotFoundError(`There is no ${key} in ${url}.`);
  const message = error instanceof Error ? error.message : String(error);
  // The library's own error carries the request with its signature and the whole connection: not for a log.
  const cause = new Error(`${name || "Error"}${status === undefined ? "" : ` (${status})`}: ${message}`);
  return new StorageError(
    `${action} ${key || "objects"} in ${url} failed: ${advice[name] ?? (message || name)}.`,
    {
      cause,
    },
  );
}
