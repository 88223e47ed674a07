// Core's suites of whole methods, which train with the strict executor there, train compiled here: every program is compared with
// eager execution when it is first run.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineExecutor, type ExecutorSession } from '@polytask/core/executors';
import { describe } from 'vitest';
import { useExecutor } from '../../core/test/acid/support/executor.js';
import { compiled } from '../src/index.js';

useExecutor({
  name: 'compiled',
  reportsOperations: false,
  make: (onRun) =>
    defineExecutor({
      name: 'compiled',
      async open(layout) {
        const refuse = (message: string) => {
          throw new Error(message);
        };
        const session: ExecutorSession = await compiled({ threads: 1, verify: true, onFallback: refuse }).open(layout);
        return {
          ...session,
          async run(program, call) {
            const result = await session.run(program, call);
            onRun({ program: program.name, operations: [] });
            return result;
          },
        };
      },
    }),
});

const folder = join(import.meta.dirname, '../../core/test/acid');
for (const file of readdirSync(folder).filter((name) => name.endsWith('.test.ts'))) {
  describe(file, async () => {
    await import(join(folder, file));
  });
}
