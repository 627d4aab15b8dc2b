import type { Metric } from "./index-definition.ts";

type Numbers = ArrayLike<number>;

/** As the graph library counts it: smaller is nearer. Of l2 it is the square. */
export function distanceOf(metric: Metric): (a: Numbers, b: Numbers) => number {
  switch (metric) {
    case "l2":
      return squaredDistance;
    case "ip":
      return (a, b) => 1 - dot(a, b);
    case "cosine":
      return (a, b) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  }
}

export function dot(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function squaredDistance(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const d = (a[i] as number) - (b[i] as number);
    sum += d * d;
  }
  return sum;
}

/** The same distance in SQL, of a column of lists and a vector's own numbers. */
export function distanceSql(metric: Metric, column: string, vector: Numbers): string {
  const size = vector.length;
  const literal = `[${Array.from(vector).join(",")}]::float[${size}]`;
  const stored = `${column}::float[${size}]`;
  switch (metric) {
    case "l2":
      return `array_distance(${stored}, ${literal}) ** 2`;
    case "ip":
      return `1 + array_negative_inner_product(${stored}, ${literal})`;
    case "cosine":
      return `array_cosine_distance(${stored}, ${literal})`;
  }
}

/** What people compare: the cosine or the product, larger is nearer; of l2 the distance itself. */
export function scoreOf(metric: Metric, distance: number): number {
  return metric === "l2" ? Math.sqrt(distance) : 1 - distance;
}

export function normalise(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((x) => x / length);
}
