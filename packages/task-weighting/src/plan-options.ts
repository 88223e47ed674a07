import { kindOptions } from '@polytask/core';

/** Options that step plans which end in weights have as loss weightings have them. */
export const planOptions = /* @__PURE__ */ kindOptions('loss-weighting');
