import { defineConfig } from 'tsup';
import { parts } from '../../tsup.base.js';

export default defineConfig(
  parts({
    index: 'src/index.ts',
    'testing/index': 'src/testing/index.ts',
    'executors/index': 'src/executors/index.ts',
    'node/index': 'src/node/index.ts',
  }),
);
