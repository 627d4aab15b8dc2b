import { InvalidArgumentError } from "commander";
import { type PoolName, poolNames } from "../queues/pools.ts";

/** Parses `a,b` into the names of pools, for an option. */
export function parsePools(text: string): PoolName[] {
  const names = text.split(",").map((name) => name.trim());
  return names.map(parsePool);
}

export function parsePool(name: string): PoolName {
  const known = poolNames.find((pool) => pool === name);
  if (known) return known;
  throw new InvalidArgumentError(`There is no pool ${name}; the pools are ${poolNames.join(", ")}.`);
}

export function parsePositive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`It must be a whole number above 0, not ${text}.`);
}
