import { join } from 'node:path';
import { defaultClientConditions, defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// Tests read the packages from their sources, through the condition that each exports map carries.
const source = 'polytask:source';

/** `npm run test:native` runs the core suite on TensorFlow's own library instead of tfjs' cpu backend. */
const onTfjsNode = process.env.POLYTASK_TEST_BACKEND === 'node';

export default defineConfig({
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'examples/**/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
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
    testTimeout: 60_000,
    hookTimeout: 60_000,
    typecheck: {
      enabled: true,
      checker: 'tsc',
      include: ['packages/*/test/**/*.test-d.ts', 'apps/*/test/**/*.test-d.ts'],
      tsconfig: './tsconfig.test-d.json',
    },
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'apps/cli/src/**/*.ts'],
      reportsDirectory: 'coverage',
    },
  },
});
