import { z } from "zod";
import { CorruptLogError } from "./errors.ts";

const Text = z.string();
const Whole = z.number().int();
const Values = z.record(z.string(), z.string().nullable());
const Properties = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

export type DeletionVector = z.infer<typeof DeletionVector>;
const DeletionVector = z.object({
  /** `u`: a file named by a UUID, `i`: inline, `p`: a file with an absolute path. */
  storageType: z.enum(["u", "i", "p"]),
  pathOrInlineDv: Text,
  offset: Whole.optional(),
  sizeInBytes: Whole,
  cardinality: Whole,
});

export type Protocol = z.infer<typeof Protocol>;
const Protocol = z.object({
  minReaderVersion: Whole,
  minWriterVersion: Whole,
  readerFeatures: z.array(Text).optional(),
  writerFeatures: z.array(Text).optional(),
});

export type Metadata = z.infer<typeof Metadata>;
const Metadata = z.object({
  id: Text,
  name: Text.optional(),
  description: Text.optional(),
  format: z
    .preprocess(withoutNulls, z.object({ provider: Text, options: Properties.default({}) }))
    .default({ provider: "parquet", options: {} }),
  schemaString: Text,
  partitionColumns: z.array(Text).default([]),
  createdTime: Whole.optional(),
  configuration: z.preprocess(withoutNulls, Properties).default({}),
});

/** `path` is the URI as the log has it (`decodePath`); `stats` is the JSON text as it was written. */
export type AddFile = z.infer<typeof AddFile>;
const AddFile = z.object({
  path: Text,
  partitionValues: Values.default({}),
  size: Whole,
  modificationTime: Whole.default(0),
  dataChange: z.boolean().default(true),
  stats: Text.optional(),
  tags: Values.optional(),
  deletionVector: z.preprocess(withoutNulls, DeletionVector).optional(),
  baseRowId: Whole.optional(),
  defaultRowCommitVersion: Whole.optional(),
  clusteringProvider: Text.optional(),
});

export type RemoveFile = z.infer<typeof RemoveFile>;
const RemoveFile = z.object({
  path: Text,
  deletionTimestamp: Whole.optional(),
  dataChange: z.boolean().default(true),
  extendedFileMetadata: z.boolean().optional(),
  /** Older writers leave it out: the `add` of the same file has it. */
  partitionValues: Values.optional(),
  size: Whole.optional(),
  stats: Text.optional(),
  tags: Values.optional(),
  deletionVector: z.preprocess(withoutNulls, DeletionVector).optional(),
  baseRowId: Whole.optional(),
  defaultRowCommitVersion: Whole.optional(),
});

export type ChangeFile = z.infer<typeof ChangeFile>;
const ChangeFile = z.object({
  path: Text,
  partitionValues: Values.default({}),
  size: Whole,
  dataChange: z.boolean().default(false),
  tags: Values.optional(),
});

export type TxnAction = z.infer<typeof TxnAction>;
const TxnAction = z.object({ appId: Text, version: Whole, lastUpdated: Whole.optional() });

/** Free in form; writers store here what they did. */
export type CommitInfo = z.infer<typeof CommitInfo>;
const CommitInfo = z.record(z.string(), z.unknown());

export type DomainMetadata = z.infer<typeof DomainMetadata>;
const DomainMetadata = z.object({
  domain: Text,
  configuration: Text.default(""),
  removed: z.boolean().default(false),
});

export type Sidecar = z.infer<typeof Sidecar>;
const Sidecar = z.object({ path: Text, sizeInBytes: Whole, modificationTime: Whole.default(0) });

/** What one line of a commit, or one row of a checkpoint, says. */
export type Action =
  | { readonly protocol: Protocol }
  | { readonly metaData: Metadata }
  | { readonly add: AddFile }
  | { readonly remove: RemoveFile }
  | { readonly cdc: ChangeFile }
  | { readonly txn: TxnAction }
  | { readonly commitInfo: CommitInfo }
  | { readonly domainMetadata: DomainMetadata }
  | { readonly sidecar: Sidecar };

const parsers: Readonly<Record<string, (content: unknown) => Action>> = {
  protocol: (content) => ({ protocol: Protocol.parse(content) }),
  metaData: (content) => ({ metaData: Metadata.parse(content) }),
  add: (content) => ({ add: AddFile.parse(content) }),
  remove: (content) => ({ remove: RemoveFile.parse(content) }),
  cdc: (content) => ({ cdc: ChangeFile.parse(content) }),
  txn: (content) => ({ txn: TxnAction.parse(content) }),
  commitInfo: (content) => ({ commitInfo: CommitInfo.parse(content) }),
  domainMetadata: (content) => ({ domainMetadata: DomainMetadata.parse(content) }),
  sidecar: (content) => ({ sidecar: Sidecar.parse(content) }),
};

/** The action of one parsed line; undefined for one that this version of the protocol does not know. */
export function toAction(line: Readonly<Record<string, unknown>>): Action | undefined {
  for (const [name, content] of Object.entries(line)) {
    const parse = Object.hasOwn(parsers, name) ? parsers[name] : undefined;
    if (parse && content !== null) return parse(withoutNulls(content));
  }
  return undefined;
}

/** The actions of a commit. `source` names the file in messages. */
export function parseCommit(text: string, source = "a commit"): Action[] {
  return parseLines(text.split("\n"), 1, source);
}

/** As `parseCommit`, for some of the lines; `first` is the number of the first of them. */
export function parseLines(lines: readonly string[], first: number, source: string): Action[] {
  const actions: Action[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const action = parseLine(line, `line ${first + index} of ${source}`);
    if (action) actions.push(action);
  }
  return actions;
}

function parseLine(line: string, place: string): Action | undefined {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    throw new CorruptLogError(
      `${place} is not JSON; the log was cut or edited: restore the file from a copy of the table.`,
    );
  }
  if (!isRecord(content)) throw new CorruptLogError(`${place} is not a JSON object with one action.`);
  try {
    return toAction(content);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    const field = [...Object.keys(content).slice(0, 1), ...(issue?.path ?? [])].join(".");
    throw new CorruptLogError(`${place} has a wrong ${field}: ${issue?.message}.`);
  }
}

/** One line an action, as a commit has them. */
export function serializeActions(actions: readonly Action[]): string {
  return actions.map((action) => `${JSON.stringify(action)}\n`).join("");
}

/** The protocol knows no difference between null and absent. */
function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) return value ?? undefined;
  if (!Object.values(value).includes(null)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
