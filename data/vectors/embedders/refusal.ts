export const refusals = ["zero", "not-finite", "wrong-size"] as const;
export type Refusal = (typeof refusals)[number];

/** Why a vector cannot be stored: it has no direction, is not of numbers, or is of another model. */
export function refusalOf(vector: Float32Array, dimensions: number): Refusal | undefined {
  if (vector.length !== dimensions) return "wrong-size";
  let sum = 0;
  for (const x of vector) sum += x * x;
  if (!Number.isFinite(sum)) return "not-finite";
  return sum > 0 ? undefined : "zero";
}
