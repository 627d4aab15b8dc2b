const LOOK_EVERY_MS = 1_000;

/**
 * Calls `onGone` when npm started us and is gone. npm passes no signal on through the shell that it puts between, so
 * ending npx would leave us running with nobody to end us. Whoever starts us otherwise may go: that is what nohup is for.
 */
export function watchStarter(env: NodeJS.ProcessEnv, onGone: () => void): Disposable {
  const starter = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === starter) return;
    clearInterval(timer);
    onGone();
  }, LOOK_EVERY_MS).unref();
  if (!startedByNpm(env)) clearInterval(timer);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** What npm runs it names; a shell opened by it, or a script that sends us to the background, answers for itself. */
function startedByNpm({ npm_lifecycle_script: script = "" }: NodeJS.ProcessEnv): boolean {
  return /\bmillrace\b/.test(script) && !/\bnohup\b|\bsetsid\b|[^&]&\s*$/.test(script);
}
