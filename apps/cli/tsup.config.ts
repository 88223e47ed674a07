import { writeFile } from 'node:fs/promises';
import { defineConfig } from 'tsup';
import { library } from '../../tsup.base.js';

// A program, not a library: nobody imports it, so it has no declaration files.
export default defineConfig({
  ...library({ main: 'src/main.ts', probe: 'src/doctor/probe-main.ts' }),
  dts: false,
  // Editors of those who installed the package read the schema here, and completion the names.
  async onSuccess() {
    const { jsonSchema } = await import('@polytask/experiment');
    await writeFile('dist/polytask.schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`);
  },
});
