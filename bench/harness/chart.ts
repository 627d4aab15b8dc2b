import type { Curve } from "./measure.ts";

const WIDTH = 480;
const HEIGHT = 260;
const LEFT = 70;
const BOTTOM = 40;
const TOP = 34;

/** A line over the sizes, with a dashed one for what growing exactly with the size would be. */
export function chartOf({ name, unit, points }: Curve): string {
  const largest = Math.max(...points.map(({ scale }) => scale));
  const first = points[0];
  const slope = first ? first.value / first.scale : 0;
  const isRatio = unit === "ratio" || unit === "per s";
  const top = Math.max(...points.map(({ value }) => value), isRatio ? 0 : slope * largest) * 1.05 || 1;
  const x = (scale: number) => round(LEFT + (scale / largest) * (WIDTH - LEFT - 20));
  const y = (value: number) => round(HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP));
  const line = points.map(({ scale, value }) => `${x(scale)},${y(value)}`).join(" ");
  const straight = `<line x1="${x(0)}" y1="${y(0)}" x2="${x(largest)}" y2="${y(slope * largest)}" stroke="#999" stroke-dasharray="4 4"/>`;
  const marks = points.map(
    ({ scale, value }) => `<circle cx="${x(scale)}" cy="${y(value)}" r="3.5" fill="#1b6ca8"/>
  <text x="${x(scale)}" y="${y(value) - 8}" text-anchor="middle">${shortNumber(value)}</text>
  <text x="${x(scale)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${shortNumber(scale)}×</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">
  <rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
  <text x="${LEFT}" y="20" font-weight="bold">${escapeText(name)} (${unit})</text>
  <line x1="${LEFT}" y1="${TOP}" x2="${LEFT}" y2="${HEIGHT - BOTTOM}" stroke="#333"/>
  <line x1="${LEFT}" y1="${HEIGHT - BOTTOM}" x2="${WIDTH - 20}" y2="${HEIGHT - BOTTOM}" stroke="#333"/>
  ${isRatio ? "" : straight}
  <polyline points="${line}" fill="none" stroke="#1b6ca8" stroke-width="2"/>
  ${marks.join("\n  ")}
</svg>
`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function shortNumber(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
