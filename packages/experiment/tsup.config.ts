import { defineConfig } from 'tsup';
import { library } from '../../tsup.base.js';

const options = library({ index: 'src/index.ts', early: 'src/early.ts' });

// What is optional stays outside of the bundle too.
export default defineConfig({ ...options, external: [...(options.external ?? []), '@resvg/resvg-js'] });
