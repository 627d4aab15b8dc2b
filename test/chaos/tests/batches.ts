import type { Batch } from "../batch.ts";

export function batchesOf(count: number, like: Partial<Batch> = {}, from = 0): Partial<Batch>[] {
  return numbersOf(count, from).map((batch) => ({ ...like, batch }));
}

export function numbersOf(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, n) => from + n);
}

export function medianOf(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

export function p95Of(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * 0.95)] ?? Number.NaN;
}
