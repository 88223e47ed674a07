// Tasks that make each other better.

// Constraints.
export { type ConsistencyOptions, consistency } from './constraints/consistency.js';
export { type CycleOptions, cycle } from './constraints/cycle.js';
export { type ExclusionOptions, exclusion } from './constraints/exclusion.js';
export { type ImplicationOptions, implication } from './constraints/implication.js';
export { type OrderingOptions, ordering } from './constraints/ordering.js';
export { type PathIndependenceOptions, pathIndependence } from './constraints/path-independence.js';
export type { PredictionMap } from './constraints/prediction-map.js';
export { type SumToOptions, sumTo } from './constraints/sum-to.js';
export { rampUp } from './ramp-up.js';
// Views.
export { type MeanTeacherOptions, meanTeacher } from './views/mean-teacher.js';
export { type PiModelOptions, piModel } from './views/pi-model.js';
export type { View } from './views/view.js';
export { type ViewAdversarialOptions, viewAdversarial } from './views/view-adversarial.js';
