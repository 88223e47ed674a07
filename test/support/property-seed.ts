// Property tests draw the same cases in every run, so that a change either passes or does not. POLYTASK_PROPERTY_SEED draws
// others. What `fc.configureGlobal` sets, without loading fast-check into every test file.
const parameters = Symbol.for('fast-check/GlobalParameters');
(globalThis as Record<symbol, unknown>)[parameters] = { seed: Number(process.env.POLYTASK_PROPERTY_SEED ?? 1) };
