import { frontier } from "../trials/best.ts";
import type { Trial } from "../trials/journal.ts";

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = 60;

type Point = Pick<Trial, "recall" | "p50_ms" | "m" | "ef_construction" | "ef_search">;

/** Recall against time, each trial a dot, the frontier a line, the target a rule. One file, no script. */
export function frontierSvg(trials: readonly Point[], target: number, index: string): string {
  const times = trials.map(({ p50_ms }) => p50_ms);
  const slowest = Math.max(...times, 0.001) * 1.05;
  const lowest = Math.min(...trials.map(({ recall }) => recall), target) - 0.01;
  const x = (ms: number) => MARGIN + (ms / slowest) * (WIDTH - 2 * MARGIN);
  const y = (recall: number) =>
    HEIGHT - MARGIN - ((recall - lowest) / (1 - lowest || 1)) * (HEIGHT - 2 * MARGIN);
  const best = frontier(trials);
  const dots = trials.map((trial) => {
    const name = `M ${trial.m}, ef ${trial.ef_construction}/${trial.ef_search}: recall ${trial.recall.toFixed(3)}, ${trial.p50_ms.toFixed(3)} ms`;
    const colour = best.includes(trial) ? "#0b7285" : "#adb5bd";
    return `<circle cx="${x(trial.p50_ms).toFixed(1)}" cy="${y(trial.recall).toFixed(1)}" r="4" fill="${colour}"><title>${name}</title></circle>`;
  });
  const line = best.map(({ p50_ms, recall }) => `${x(p50_ms).toFixed(1)},${y(recall).toFixed(1)}`).join(" ");
  const rule = y(target).toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${MARGIN}" y="30" font-size="16">${escaped(index)}: recall@10 against median time of a search</text>
<line x1="${MARGIN}" y1="${rule}" x2="${WIDTH - MARGIN}" y2="${rule}" stroke="#e8590c" stroke-dasharray="4 4"/>
<text x="${WIDTH - MARGIN}" y="${Number(rule) - 5}" text-anchor="end" fill="#e8590c">target ${target}</text>
<polyline points="${line}" fill="none" stroke="#0b7285" stroke-width="1.5"/>
${dots.join("\n")}
<text x="${WIDTH / 2}" y="${HEIGHT - 15}" text-anchor="middle">0 to ${slowest.toFixed(3)} ms</text>
<text x="15" y="${HEIGHT / 2}" transform="rotate(-90 15 ${HEIGHT / 2})" text-anchor="middle">recall ${lowest.toFixed(3)} to 1</text>
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
