import type { ChaosTest, Setting } from "../chaos-test.ts";
import type { Verdict } from "../cluster.ts";
import { type Guards, Model } from "../model.ts";
import { Random } from "../random.ts";

const all: Guards = { key: true, create: true, conflict: true };

export const modelCheck: ChaosTest = {
  number: 20,
  title: "A model of the log and the leases walks at random",
  short: true,
  async run({ random }) {
    const model = new Model(random);
    const steps = 1_000_000;
    const verdict = await model.run(steps);
    const { crashes, zombies, flushes, retries } = model.counts;
    const seen = Object.values(model.counts).every((count) => count > 100);
    return {
      fault: `${steps} steps of 6 workers, ${model.commits} commits; ${crashes} crashes, ${zombies} zombies, ${flushes} flushes, ${retries} lost races`,
      verdict,
      checks: [{ says: "each kind of trouble came more than a hundred times", holds: seen }],
    };
  },
  async control({ random }: Setting) {
    const without = (guard: keyof Guards) =>
      new Model(new Random(random.seed), { ...all, [guard]: false }).run(100_000);
    const [key, create, conflict] = (await Promise.all(
      (["key", "create", "conflict"] as const).map(without),
    )) as [Verdict, Verdict, Verdict];
    const shared = conflict.torn + conflict.different;
    return {
      says: `Without keys ${key.doubled} are doubled, without the conditional create ${create.lost} are lost, without the rules of conflict ${shared} rows or files are wrong`,
      holds: key.doubled > 0 && create.lost > 0 && shared > 0,
    };
  },
};
