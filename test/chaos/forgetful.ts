import type { Storage } from "../../data/storage/storage.ts";
import type { AnyJob } from "../../workers/define-job.ts";

/** For the controls: a store in which commits lack the key that keeps a write from being done twice. */
export function withoutKeys(storage: Storage): Storage {
  const putIfAbsent: Storage["putIfAbsent"] = (key, body) => {
    const lines = String(body).split("\n");
    return storage.putIfAbsent(key, lines.filter((line) => !line.startsWith('{"txn"')).join("\n"));
  };
  return new Proxy(storage, {
    get(target, name) {
      if (name === "putIfAbsent") return putIfAbsent;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The same kind, which is not told when its lock is lost. */
export function unaware(job: AnyJob): AnyJob {
  return {
    ...job,
    async load() {
      const { run } = await job.load();
      return { run: (context) => run({ ...context, signal: new AbortController().signal }) };
    },
  };
}
