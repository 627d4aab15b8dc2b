/** Which row a label of the graph stands for: the label is the place in both lists. */
export interface Keys {
  readonly ids: readonly string[];
  readonly chunks: Int32Array;
}
