import type {
  Action,
  AddFile,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  TxnAction,
} from "./actions.ts";
import { fileKey } from "./path.ts";

/** What the log says of a table at one version. */
export interface LogState {
  readonly protocol: Protocol | undefined;
  readonly metadata: Metadata | undefined;
  readonly files: ReadonlyMap<string, AddFile>;
  /** Removed files that vacuum may still have to keep. */
  readonly tombstones: ReadonlyMap<string, RemoveFile>;
  readonly txns: ReadonlyMap<string, TxnAction>;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
  /** Of the newest commit applied. */
  readonly inCommitTimestamp: number | undefined;
}

const empty: LogState = {
  protocol: undefined,
  metadata: undefined,
  files: new Map(),
  tombstones: new Map(),
  txns: new Map(),
  domains: new Map(),
  inCommitTimestamp: undefined,
};

/** Applies commits to a state. The state begun from stays as it is: maps are copied when first changed. */
export class Replay {
  #state: LogState;
  readonly #own = new Set<ReadonlyMap<string, unknown>>();

  constructor(base: LogState = empty) {
    this.#state = base;
  }

  get state(): LogState {
    return this.#state;
  }

  /** A commit has no order: what it removes goes first, so that a file it replaces is there afterwards. */
  apply(actions: readonly Action[]): void {
    this.#state = { ...this.#state, inCommitTimestamp: undefined };
    for (const action of actions) if ("remove" in action) this.remove(action.remove);
    for (const action of actions) {
      if ("add" in action) this.add(action.add);
      else if (!("remove" in action)) this.#applyOther(action);
    }
  }

  add(file: AddFile): void {
    const key = fileKey(file);
    this.#edit("files").set(key, file);
    if (this.#state.tombstones.has(key)) this.#edit("tombstones").delete(key);
  }

  remove(file: RemoveFile): void {
    const key = fileKey(file);
    if (this.#state.files.has(key)) this.#edit("files").delete(key);
    this.#edit("tombstones").set(key, file);
  }

  #applyOther(action: Action): void {
    if ("protocol" in action) this.#state = { ...this.#state, protocol: action.protocol };
    else if ("metaData" in action) this.#state = { ...this.#state, metadata: action.metaData };
    else if ("txn" in action) this.#edit("txns").set(action.txn.appId, action.txn);
    else if ("domainMetadata" in action) this.#applyDomain(action.domainMetadata);
    else if ("commitInfo" in action) {
      const time = action.commitInfo.inCommitTimestamp;
      if (typeof time === "number") this.#state = { ...this.#state, inCommitTimestamp: time };
    }
  }

  #applyDomain(domain: DomainMetadata): void {
    if (domain.removed) this.#edit("domains").delete(domain.domain);
    else this.#edit("domains").set(domain.domain, domain);
  }

  #edit(name: "files"): Map<string, AddFile>;
  #edit(name: "tombstones"): Map<string, RemoveFile>;
  #edit(name: "txns"): Map<string, TxnAction>;
  #edit(name: "domains"): Map<string, DomainMetadata>;
  #edit(name: "files" | "tombstones" | "txns" | "domains"): ReadonlyMap<string, unknown> {
    const current: ReadonlyMap<string, unknown> = this.#state[name];
    if (this.#own.has(current)) return current;
    const copy = new Map(current);
    this.#own.add(copy);
    this.#state = { ...this.#state, [name]: copy };
    return copy;
  }
}
