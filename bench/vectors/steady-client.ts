import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { inventQuestions } from "./invented.ts";
import { post } from "./post.ts";

/** Asks so often a second, whatever the answers take, until told to stop; then tells how it went. */
export interface Steady {
  readonly url: string;
  readonly perSecond: number;
  readonly dimensions: number;
}

export interface Asked {
  /** Of the clock, in milliseconds, when it should have been sent. */
  readonly at: number;
  readonly ms: number;
  readonly ok: boolean;
}

const asked: Asked[] = [];
let isOver = false;

process.on("message", (message: Steady | "stop") => {
  if (message === "stop") isOver = true;
  else void ask(message);
});
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function ask({ url, perSecond, dimensions }: Steady): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const questions = inventQuestions(100, dimensions);
  const begun = Date.now();
  const answers: Promise<void>[] = [];
  for (let number = 0; !isOver; number += 1) {
    const at = begun + (number * 1_000) / perSecond;
    await pause(Math.max(0, at - Date.now()));
    const request = { vector: questions[number % questions.length], k: 10 };
    const answered = post(agent, url, request).then(
      (status) => status === 200,
      () => false,
    );
    answers.push(answered.then((ok) => void asked.push({ at, ms: Date.now() - at, ok })));
  }
  await Promise.all(answers);
  agent.destroy();
  process.send?.(asked);
}
