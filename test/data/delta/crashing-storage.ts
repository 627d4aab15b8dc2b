import type { Storage } from "../../../data/storage/storage.ts";

export class Crash extends Error {
  override readonly name = "Crash";
}

export interface CrashPlan {
  /** The write at which the process dies: 1 is the next one. */
  at: number;
  /** Whether that write still has its effect. */
  readonly afterEffect: boolean;
}

/** A storage whose process dies at one write: that call and all later ones fail, as nothing runs in a dead process. */
export function crashingStorage(storage: Storage, { at, afterEffect }: CrashPlan): Storage {
  let remaining = at;
  let isDead = false;

  const live = <Args extends unknown[], Result>(call: (...args: Args) => Result) => {
    return (...args: Args): Result => {
      if (isDead) throw new Crash("The process is dead.");
      return call(...args);
    };
  };
  const write = async <Result>(effect: () => Promise<Result>): Promise<Result> => {
    if (isDead) throw new Crash("The process is dead.");
    remaining -= 1;
    if (remaining > 0) return effect();
    isDead = true;
    if (afterEffect) await effect();
    throw new Crash("The process died at a write.");
  };

  return {
    url: storage.url,
    get: live(async (key) => storage.get(key)),
    getRange: live(async (key, start, end) => storage.getRange(key, start, end)),
    read: live(async (key) => storage.read(key)),
    list: live((prefix, options) => storage.list(prefix, options)),
    stat: live(async (key) => storage.stat(key)),
    localPath: live(async (key) => storage.localPath(key)),
    put: (key, body) => write(() => storage.put(key, body)),
    putIfAbsent: (key, body) => write(() => storage.putIfAbsent(key, body)),
    delete: (key) => write(() => storage.delete(key)),
    async draft(key) {
      const draft = await storage.draft(key);
      return { ...draft, path: draft.path, publish: () => write(() => draft.publish()) };
    },
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  };
}
