import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defaultClientConditions, defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// Tests read the packages from their sources, through the condition that each exports map carries.
const source = 'polytask:source';

/**
 * Test files of the packages and the command line share one process, which loads tfjs and our sources once: a test leaves no tensor,
 * backend or environment variable behind that another could find. These need a process each: they start browsers, collect garbage,
 * change what a process has once, or run other test files once more.
 */
const apart = [
  'packages/compiler/test/acid.test.ts',
  'packages/compiler/test/browser/**/*.test.ts',
  'packages/compiler/test/run/runtime/**/*.test.ts',
  'examples/**/test/**/*.test.ts',
  'test/**/*.test.ts',
];

/** `npm run test:native` runs the core suite on TensorFlow's own library instead of tfjs' cpu backend. */
const onTfjsNode = process.env.POLYTASK_TEST_BACKEND === 'node';

export default defineConfig({
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    env: {
      // Tables that tests convert stay here, not in the cache of whoever runs them.
      POLYTASK_CACHE: join(import.meta.dirname, '.cache/tables'),
      // For tests that load ONNX Runtime without our package.
      ORT_DISABLE_TELEMETRY: '1',
    },
    setupFiles: [
      'test/support/property-seed.ts',
      ...(onTfjsNode ? ['packages/core/test/helpers/node-backend.ts'] : []),
    ],
    pool: 'forks',
    // Vitest leaves a core free, which is half of a machine with two; many tests wait for programs that they start.
    maxWorkers: Number(process.env.VITEST_MAX_WORKERS ?? Math.max(2, availableParallelism() - 1)),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          isolate: false,
          include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts'],
          exclude: apart,
        },
      },
      { extends: true, test: { name: 'apart', include: apart } },
      {
        extends: true,
        test: {
          name: 'types',
          typecheck: {
            enabled: true,
            only: true,
            checker: 'tsc',
            include: ['packages/*/test/**/*.test-d.ts', 'apps/*/test/**/*.test-d.ts'],
            tsconfig: './tsconfig.test-d.json',
          },
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'apps/cli/src/**/*.ts'],
      reportsDirectory: 'coverage',
    },
  },
});
