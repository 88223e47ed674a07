import type { PeerVariant, PeerWork } from './peers.js';

/** Ways to write a step in each of the peers; of each peer the fastest one counts. */
export interface PeerVariants {
  readonly eager: readonly PeerVariant[];
  readonly compiled: readonly PeerVariant[];
  readonly jax: readonly PeerVariant[];
}

type Options = Readonly<Record<string, string | boolean>>;

const all = (work: PeerWork, choices: readonly Options[]): PeerVariant[] =>
  choices.map((options) => ({ label: labelOf(options), work: { ...work, ...options } }));

function labelOf(options: Options): string {
  const words = Object.entries(options).flatMap(([key, value]) => (value === true ? [key] : value ? [`${value}`] : []));
  return words.join(', ');
}

/** Every option of one list with every one of the other. */
const times = (some: readonly Options[], others: readonly Options[]): Options[] =>
  some.flatMap((one) => others.map((other) => ({ ...one, ...other })));

const optimizers: readonly Options[] = ['default', 'foreach', 'fused'].map((optimizer) => ({ optimizer }));
const compilations: readonly Options[] = [
  { compiled: 'losses', optimizer: 'fused' },
  { compiled: 'optimizer', optimizer: 'default' },
];
const states: readonly Options[] = [{ state: 'tree' }, { state: 'flat' }];

/** Losses that are added up. `torch` and `jax` are further ways to write the network. */
export function summedVariants(
  work: PeerWork,
  { torch = [{}], jax = [{}] }: { torch?: readonly Options[]; jax?: readonly Options[] } = {},
): PeerVariants {
  return {
    eager: all(work, times(torch, optimizers)),
    compiled: all(work, times(torch, compilations)),
    jax: all(work, times(jax, states)),
  };
}

/** PCGrad: as published, on the Gramian, and (JAX) with weights worked out between two programs. */
export function projectedVariants(work: PeerWork): PeerVariants {
  const projections: readonly Options[] = ['vectors', 'gramian'].map((projection) => ({ projection }));
  const heads: readonly Options[] = ['apart', 'stacked'].map((one) => ({ heads: one }));
  return {
    eager: all(work, times(projections, optimizers)),
    compiled: all(
      work,
      times(projections, [
        { compiled: 'losses', optimizer: 'fused' },
        { compiled: 'jacobian', optimizer: 'fused' },
      ]),
    ),
    jax: all(work, times([...projections, { projection: 'host' }], heads)),
  };
}
