import type { z } from "zod";
import { parseUntrusted } from "../data/parse-untrusted.ts";
import { Problem, type WrongField } from "./problem.ts";

type Part = WrongField["in"];

/** Reads every part of a request before complaining, so that one answer names all that is wrong. */
export function validate(parts: readonly { in: Part; schema: z.ZodType | undefined; value: unknown }[]) {
  const errors: WrongField[] = [];
  const read = parts.map((part) => {
    const parsed = part.schema && parseUntrusted(part.schema, part.value);
    if (parsed?.error) errors.push(...wrongFields(part.in, parsed.error));
    return parsed?.data;
  });
  if (errors.some((error) => error.in === "path"))
    throw new Problem("not-found", sentence(errors), { errors });
  if (errors.length > 0) throw invalid(errors);
  return read;
}

export function invalid(errors: readonly WrongField[]): Problem {
  return new Problem("invalid", sentence(errors), { errors });
}

function sentence(errors: readonly WrongField[]): string {
  return errors
    .map((error) => `${error.in}${error.path}: ${error.message}`)
    .join("; ")
    .slice(0, 2_000);
}

/** A strict object reports its unknown fields as one issue; callers want each by its own path. */
export function wrongFields(
  part: Part,
  error: z.ZodError,
  prefix: readonly PropertyKey[] = [],
): WrongField[] {
  return error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code !== "unrecognized_keys")
      return [{ in: part, path: pointer(path), message: issue.message }];
    return issue.keys.map((key) => ({ in: part, path: pointer([...path, key]), message: "Unknown field" }));
  });
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
