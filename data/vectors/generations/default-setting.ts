import type { HnswSetting } from "../generation.ts";

/** What an index is first built with; autotune finds what fits it better. */
export const defaultSetting: HnswSetting = { m: 16, efConstruction: 120, efSearch: 40, seed: 42 };

/** The widths that every build is measured at: they cost no further build. */
export const sweptWidths: readonly number[] = [10, 20, 40, 80, 160, 320, 640];
