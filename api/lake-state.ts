import type { Storage } from "../data/storage/storage.ts";

const HOLDS_MS = 10_000;
const WITHIN_MS = 1_500;

/** Whether the lake takes writes, which accepting work needs. Asked at most every few seconds, however often probed. */
export function watchLake(storage: Storage): () => Promise<boolean> {
  let asked: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  return () => {
    const now = performance.now();
    if (!asked || now - asked.at > HOLDS_MS) asked = { at: now, answer: takesWrites(storage) };
    return asked.answer;
  };
}

async function takesWrites(storage: Storage): Promise<boolean> {
  const timeout = new Promise<boolean>((resolve) => setTimeout(resolve, WITHIN_MS, false).unref());
  const written = storage.put("_ready", new Date().toISOString()).then(
    () => true,
    () => false,
  );
  return Promise.race([written, timeout]);
}
