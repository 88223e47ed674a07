import { createTrainer, defineAuxiliary, mlp } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { toyTable, toyTasks } from '../acid/support/toy-data.js';
import { tinySharing } from '../helpers/tiny-sharing.js';

const names = ['a', 'b'];

/** What a run ends with whose auxiliary objective calls a primitive in one of its phases. */
async function calling(phase: 'prepare' | 'batchFeeds', primitive: string): Promise<unknown> {
  const call = async (primitives: object) => {
    await (primitives as Record<string, () => Promise<unknown>>)[primitive]?.();
    return {};
  };
  const impatient = defineAuxiliary({
    name: 'impatient',
    bind: () => ({
      ...(phase === 'prepare'
        ? { prepare: (_: unknown, primitives: object) => call(primitives) }
        : { batchFeeds: call }),
      loss: ({ state }) => tf.mean(tf.square(state.features.a as tf.Tensor)),
    }),
  });
  const trainer = await createTrainer({
    tasks: toyTasks(...names),
    sharing: tinySharing(mlp([3])),
    auxiliary: [impatient],
  });
  try {
    return await trainer.fit(toyTable(names, 8), { epochs: 1, batchSize: 8 }).catch((error: unknown) => error);
  } finally {
    trainer.dispose();
  }
}

describe('the phase before the programs of a step', () => {
  it.each(
    (['prepare', 'batchFeeds'] as const).flatMap((phase) =>
      ['losses', 'gradient', 'jacobian', 'gramian', 'gramianOf', 'combine'].map((name) => [phase, name] as const),
    ),
  )('refuses in `%s` what would wait for it: `%s`', async (phase, primitive) => {
    expect(await calling(phase, primitive)).toMatchObject({
      code: 'POLYTASK_PREPARE_TRAINS',
      message: expect.stringContaining(`\`auxiliary/impatient\` called \`${primitive}\``),
    });
  });

  it('lets the model run', async () => {
    expect(await calling('prepare', 'anotherBatch')).toMatchObject({ steps: 1, stopped: 'epochs' });
  });
});
