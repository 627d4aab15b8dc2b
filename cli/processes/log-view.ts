import type { Colour, Paint } from "../paint.ts";
import { levelOf, renderLogLine } from "./log-line.ts";

const palette: readonly Colour[] = ["cyan", "magenta", "yellow", "green", "blue"];

const levels: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: Number.POSITIVE_INFINITY,
};

/** The logs of several processes as one, each line under the coloured name of its own. */
export function logView(options: {
  readonly names: readonly string[];
  readonly paint: Paint;
  /** The lines as the processes wrote them, for programs. */
  readonly raw: boolean;
  /** Lines below this level are not shown. */
  readonly leastLevel: string;
  readonly write: (text: string) => void;
}): (name: string, line: string) => void {
  const least = levels[options.leastLevel] ?? 0;
  const width = Math.max(...options.names.map((name) => name.length));
  const labels = new Map(
    options.names.map((name, at) => [
      name,
      options.paint(palette[at % palette.length] ?? "cyan", name.padEnd(width)),
    ]),
  );
  return (name, line) => {
    if (line.trim() === "" || levelOf(line) < least) return;
    if (options.raw) options.write(`${line}\n`);
    else options.write(`${labels.get(name) ?? name.padEnd(width)} ${renderLogLine(line, options.paint)}\n`);
  };
}
