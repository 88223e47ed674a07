import { defineConfig } from 'tsup';
import { library } from '../../tsup.base.js';

const entry = { index: 'src/index.ts', 'node/index': 'src/node/index.ts' };

export default defineConfig({
  // The last one is started as a process of its own.
  ...library({ ...entry, 'node/database-process': 'src/node/reading/database-process.js' }),
  dts: { entry },
});
