/**
 * How a thread that calls the graph library is told to end. It must come to its end by itself: taking the ground from
 * under a call of the library aborts the whole process, not only the thread.
 */
export type StopFlag = SharedArrayBuffer;

export function makeStopFlag(): StopFlag {
  return new SharedArrayBuffer(4);
}

export function raise(flag: StopFlag): void {
  Atomics.store(new Int32Array(flag), 0, 1);
}

/** Throws once the flag is raised; to be called between any two calls of the library. */
export function stopper(flag: StopFlag | undefined): () => void {
  const word = flag && new Int32Array(flag);
  return () => {
    if (word && Atomics.load(word, 0) === 1) throw new Error("The build was told to end.");
  };
}
