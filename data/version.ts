/** Of the code that wrote something, for whoever wonders later. */
export const version = "0.1.0";
