import type { Random } from "./random.ts";
import { category, localTime, loincConcept, type Resource, to } from "./shapes.ts";
import { labs, type Measure, type Term, variantSentences, vitals } from "./vocabulary.ts";

/** Whose reading it is, and of which visit. */
export interface About {
  readonly patient: string;
  readonly visit: string;
  readonly at: number;
}

function observation(random: Random, about: About, term: Term, kind: string, value: object): Resource {
  return {
    resourceType: "Observation",
    id: random.uuid(),
    status: "final",
    category: category(kind),
    code: loincConcept(term),
    subject: to(about.patient),
    encounter: to(about.visit),
    effectiveDateTime: localTime(about.at),
    issued: localTime(about.at),
    ...value,
  };
}

function quantity(random: Random, [, , unit, low, high]: Measure) {
  return { value: random.between(low, high, 2), unit, system: "http://unitsofmeasure.org", code: unit };
}

export function makeVitals(random: Random, about: About): Resource[] {
  const readings = vitals.map((measure) =>
    observation(random, about, [measure[0], measure[1]], "vital-signs", {
      valueQuantity: quantity(random, measure),
    }),
  );
  const pressure = (code: string, display: string, low: number, high: number) => ({
    code: loincConcept([code, display]),
    valueQuantity: { value: random.whole(low, high), unit: "mm[Hg]", system: "http://unitsofmeasure.org" },
  });
  const panel = random.pick(["85354-9", "55284-4"]);
  readings.push(
    observation(random, about, [panel, "Blood Pressure"], "vital-signs", {
      component: [
        pressure("8462-4", "Diastolic Blood Pressure", 60, 95),
        pressure("8480-6", "Systolic Blood Pressure", 95, 155),
      ],
    }),
    observation(random, about, ["72166-2", "Tobacco smoking status NHIS"], "survey", {
      valueCodeableConcept: {
        coding: [{ code: "266919005", display: "Never smoker" }],
        text: "Never smoker",
      },
    }),
  );
  return readings;
}

/** Laboratory results, with the panel's report that lists them. */
export function makeLabs(random: Random, about: About): Resource[] {
  const results = labs.map((measure) =>
    observation(random, about, [measure[0], measure[1]], "laboratory", {
      valueQuantity: quantity(random, measure),
    }),
  );
  results.push(
    observation(random, about, ["5778-6", "Color of Urine"], "laboratory", {
      valueString: random.pick(["yellow", "amber"]),
    }),
  );
  const panel = loincConcept(["51990-0", "Basic Metabolic Panel"]);
  return [...results, report(random, about, panel, results, {})];
}

function report(
  random: Random,
  about: About,
  code: object,
  results: readonly Resource[],
  more: object,
): Resource {
  return {
    resourceType: "DiagnosticReport",
    id: random.uuid(),
    status: "final",
    category: [{ coding: [{ code: "LAB", display: "Laboratory" }] }],
    code,
    subject: to(about.patient),
    encounter: to(about.visit),
    effectiveDateTime: localTime(about.at),
    result: results.map((result) => to(result.id)),
    ...more,
  };
}

/** An electrocardiogram: the report, its readings, and the signal as an observation of its own. */
export function makeEcg(random: Random, about: About): Resource[] {
  const number = (code: string, display: string, unit: string, low: number, high: number) =>
    observation(random, about, [code, display], "procedure", {
      valueQuantity: { value: random.whole(low, high), unit },
    });
  const rhythm = random.pick(["Sinus rhythm", "Atrial fibrillation", "Sinus bradycardia"]);
  const readings = [
    number("8867-4", "Heart rate", "/min", 48, 130),
    number("8625-6", "P-R Interval", "ms", 120, 210),
    number("8633-0", "QRS duration", "ms", 70, 130),
    observation(random, about, ["8884-9", "Heart rate rhythm"], "procedure", {
      valueCodeableConcept: { coding: [{ code: "rhythm", display: rhythm }], text: rhythm },
    }),
  ];
  const signal = observation(random, about, ["131328", "MDC_ECG_ELEC_POTL"], "procedure", {
    valueSampledData: {
      origin: { value: 2048 },
      period: 10,
      factor: 1.612,
      dimensions: 1,
      data: Array.from({ length: 200 }, () => random.whole(2000, 2100)).join(" "),
    },
  });
  const code = loincConcept(["11524-6", "EKG study"]);
  return [...readings, signal, report(random, about, code, readings, { conclusion: `${rhythm}.` })];
}

/** A genetic panel, with one observation a variant whose display is a sentence. */
export function makeGenome(random: Random, about: About): Resource[] {
  const count = random.whole(1, 3);
  const variants = Array.from({ length: count }, () =>
    observation(random, about, ["69548-6", random.pick(variantSentences)], "laboratory", {
      valueCodeableConcept: { text: "Present" },
    }),
  );
  const code = loincConcept(["55232-3", "Genetic analysis summary panel"]);
  return [...variants, report(random, about, code, variants, {})];
}
