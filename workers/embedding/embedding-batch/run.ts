import { openIndexEmbedder } from "../../../data/vectors/embedders/open-embedder.ts";
import { readIndex } from "../../../data/vectors/indexes.ts";
import { embedRange } from "../../../data/vectors/refresh/embed-missing.ts";
import { openWorkbench } from "../../../data/vectors/refresh/workbench.ts";
import type { JobContext } from "../../define-job.ts";
import { runInThread } from "../../thread.ts";
import type { Input } from "./job.ts";

export async function run(context: JobContext<Input, never>): Promise<{ embedded: number; seconds: number }> {
  const { lake, signal, modelServer } = context;
  const { index: name, number, first, last } = context.input;
  const index = await readIndex(lake, name);
  const startedAt = Date.now();
  const total = last - first;
  let done = 0;
  await using bench = await openWorkbench(lake, {
    signal,
    inThread: (module, work) =>
      runInThread(module, work, { signal, onProgress: (progress) => void context.reportProgress(progress) }),
  });
  const { embedded } = await embedRange(
    bench,
    index,
    { index: name, number },
    { first, last },
    {
      openEmbedder: () => openIndexEmbedder(index, { server: modelServer, signal }),
      onEmbedded(count) {
        done += count;
        void context.reportProgress({ stage: "embed", done, total, unit: "chunks" });
      },
    },
  );
  return { embedded, seconds: (Date.now() - startedAt) / 1_000 };
}
