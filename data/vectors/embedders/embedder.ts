/** Turns texts into vectors. Vectors of two models, or of one model in two sizes, are never compared. */
export interface Embedder {
  /** Names the model and its version; what stands beside every vector it made. */
  readonly model: string;
  readonly dimensions: number;
  /** One vector a text, in order, each of length 1. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
}
