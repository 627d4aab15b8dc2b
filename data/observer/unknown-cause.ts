/** What is said of an error that no rule explains. */
export const unknownCause = {
  cause: "not known",
  action: "read its message; the log of a job is in millrace jobs show ID",
} as const;
