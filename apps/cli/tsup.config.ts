import { copyFile } from 'node:fs/promises';
import { defineConfig } from 'tsup';
import { library } from '../../tsup.base.js';

// A program, not a library: nobody imports it, so it has no declaration files.
export default defineConfig({
  ...library({ main: 'src/main.ts', probe: 'src/doctor/probe-main.ts' }),
  dts: false,
  // Editors of those who installed the package read the schema here.
  onSuccess: () => copyFile('polytask.schema.json', 'dist/polytask.schema.json'),
});
