// What data packages learn and what the compiler exports fit together: an exported model that hands on its encoded inputs as they
// are, against the encoder on the host.

import { exportOnnx } from '@polytask/compiler';
import { type Inference, type InputSpecs, regression } from '@polytask/core';
import {
  encodeRows,
  type FeatureColumn,
  inputsOfTable,
  learnTable,
  onnxPrologue,
  type TableEncoding,
} from '@polytask/data';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as ortNode from 'onnxruntime-node';
import * as ortWeb from 'onnxruntime-web';
import { expect, it } from 'vitest';

ortWeb.env.wasm.numThreads = 1;
it('smoke', async () => {
  const features: FeatureColumn[] = [
    { column: 't1', type: 'number' },
    { column: 'd', type: 'date', parts: ['trend', 'year', 'week', 'day'] },
    { column: 'c', type: 'category', minCount: 1 },
    { column: 'e', type: 'category', encoding: 'embedding', minCount: 1 },
    { column: 'b', type: 'boolean' },
    { column: 'x', type: 'text', missing: 'indicator' },
  ];
  const rows = [
    { t1: 1, d: 1e12, c: 'a', e: 'k', b: true, x: 'The İ quick-brown FOX' },
    { t1: 5, d: 1.1e12, c: 'b', e: 'l', b: false, x: 'jumps' },
    { t1: null, d: null, c: '', e: '', b: null, x: '' },
  ];
  const encoding = learnTable(rows, { features, labels: [] });
  const prologue = onnxPrologue(encoding);
  const inputs = inputsOfTable(encoding);
  const inference: Inference = {
    program: {
      name: 'p',
      run: (given: any) => ({
        'prediction/numbers': tf.neg(given['input/numbers']),
        'prediction/ids': tf.neg(tf.cast(given['input/categories'], 'float32')),
      }),
    } as any,
    inputs,
    tasks: [regression('numbers', { size: 9 }), regression('ids')],
    constants: {},
    layout: { segments: [], stateSegments: [] } as any,
    values: { data: new Float32Array(0), shape: [0] },
    state: { data: new Float32Array(0), shape: [0] },
  };
  const bytes = await exportOnnx({ inference: async () => inference }, { prologue });
  for (const ort of [ortNode, ortWeb] as (typeof ortNode)[]) {
    const s = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const f = (a: number[]) => new ort.Tensor('float64', Float64Array.from(a), [3]);
    const st = (a: string[]) => new ort.Tensor('string', a, [3]);
    const r = await s.run({
      t1: f([1, 5, NaN]),
      d: f([1e12, 1.1e12, NaN]),
      c: st(['a', 'b', '']),
      e: st(['k', 'l', '']),
      b: f([1, 0, NaN]),
      x: st(rows.map((r) => r.x)),
    });
    const own = encodeRows(encoding, rows).inputs;
    expect([...(r.numbers!.data as Float32Array)].map((x) => 0 - x)).toEqual([...own.numbers!.data].map((x) => x + 0));
    expect([...(r.ids!.data as Float32Array)].map((x) => 0 - x)).toEqual([...own.categories!.data]);
  }
});
