const ORPHAN_GRACE_MS = 5_000;

/** Ends this process when the one that started it is gone, even when that was killed and could say nothing. */
export function stopWithParent(): void {
  const stop = () => {
    // Our own end must not depend on whoever handles the signal.
    setTimeout(() => process.kill(process.pid, "SIGKILL"), ORPHAN_GRACE_MS).unref();
    process.kill(process.pid, "SIGTERM");
  };
  if (process.connected) process.once("disconnect", stop);
  else if (process.send) stop();
}
