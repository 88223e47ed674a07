import fc from 'fast-check';

// Property tests draw the same cases in every run, so that a change either passes or does not. POLYTASK_PROPERTY_SEED draws others.
fc.configureGlobal({ seed: Number(process.env.POLYTASK_PROPERTY_SEED ?? 1) });
