import type { ChaosTest, Check, Setting } from "../chaos-test.ts";
import { productCluster, type Run, runProduct } from "../product/run.ts";
import { makeSources, type Sources } from "../product/sources.ts";
import { crewOrder, type Trouble } from "../product/trouble.ts";
import { troubles } from "../product/troubles.ts";

/** The product's own kinds under the faults of the plan: every table must come out as in a run that nothing disturbs. */
export const realKinds: readonly ChaosTest[] = troubles.map((trouble) => ({
  number: trouble.number,
  title: `The product's own work while ${trouble.title}`,
  short: false,
  run: (setting) => under(trouble, setting),
  control: trouble.control ?? withOtherSources,
}));

async function under(trouble: Trouble, { random, size }: Setting) {
  const { sources, calm } = await undisturbed(size === "full" ? 50 : 8);
  const { run, came } = await trouble.befall(sources, random);
  const unlike = namesUnlike(calm, run);
  const list = (texts: readonly string[]) => texts.join("; ") || "none";
  return {
    fault: `three nights of bundles landed, refreshed and built into Gold, notes embedded and indexed, event sequences, observed events, upkeep: ${calm.contents.size} tables; ${came.says}`,
    verdict: { ...run.verdict, different: unlike.length },
    checks: [
      { says: `the trouble came (${came.says}; ${run.refusals} requests refused)`, holds: came.holds },
      { says: `jobs that did not complete: ${list(run.failures)}`, holds: run.failures.length === 0 },
      { says: `no dead letter (${run.letters})`, holds: run.letters === 0 },
      { says: `tables unlike: ${list(unlike)}`, holds: unlike.length === 0 },
      { says: `torn in the logs of all tables: ${list(run.torn)}`, holds: run.torn.length === 0 },
    ],
  };
}

function namesUnlike(one: Run, other: Run): string[] {
  const names = new Set([...one.contents.keys(), ...other.contents.keys()]);
  return [...names].filter((name) => one.contents.get(name) !== other.contents.get(name));
}

/** What the work comes to in peace; found once for all tests of one size. */
const known = new Map<number, Promise<{ readonly sources: Sources; readonly calm: Run }>>();

function undisturbed(patients: number) {
  const found = known.get(patients) ?? runInPeace(patients);
  known.set(patients, found);
  return found;
}

async function runInPeace(patients: number) {
  const sources = await makeSources(patients);
  await using cluster = await productCluster();
  await using _crew = await cluster.crew(2, crewOrder);
  return { sources, calm: await runProduct(cluster, sources) };
}

async function withOtherSources(): Promise<Check> {
  const [one, other] = [await undisturbed(4), await undisturbed(5)];
  const unlike = namesUnlike(one.calm, other.calm);
  return {
    says: `Other sources make ${unlike.length} of ${one.calm.contents.size} tables unlike`,
    holds: unlike.length > 10,
  };
}
