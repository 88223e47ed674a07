/** Measurements by task and metric, as a history or an evaluation has them; only numbers are used, matrices are passed over. */
export type TaskValues = { readonly [task: string]: { readonly [metric: string]: unknown } };
