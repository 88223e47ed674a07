/**
 * The smallest complete run: two tasks, one shared trunk, data whose truth is known.
 *
 * A rectangle is given by its sides; one task learns its area, the other its perimeter.
 *
 *     npx tsx --conditions=polytask:source two-regressions.ts
 */
import { adam, createTrainer, mlp, regression, splitDataset, tableDataset, uniformStream } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';

// 1,000 rectangles with sides between 1 and 5. `uniformStream` gives the same numbers on every machine.
const random = uniformStream(1, 'rectangles');
const rows = 1000;
const sides = Float32Array.from({ length: 2 * rows }, () => 1 + 4 * random());
const area = new Float32Array(rows);
const perimeter = new Float32Array(rows);
for (let row = 0; row < rows; row++) {
  const [width, height] = sides.subarray(2 * row) as unknown as [number, number];
  area[row] = width * height;
  perimeter[row] = 2 * (width + height);
}
const data = tableDataset({ inputs: { sides: { data: sides, shape: [rows, 2] } }, columns: { area, perimeter } });
const { train, test } = splitDataset(data, { train: 0.8, test: 0.2 }, 1).parts;

const trainer = await createTrainer({
  tasks: [regression('area', { unit: 'm²' }), regression('perimeter', { unit: 'm' })],
  sharing: hardSharing({ encoder: mlp([32, 32]) }),
  optimizer: adam({ learningRate: 0.01 }),
  seed: 1,
});
await trainer.fit(train, { epochs: 40, batchSize: 32 });

const { area: areaScores, perimeter: perimeterScores } = (await trainer.evaluate(test)).tasks;
console.log(`area       R² ${areaScores.r2.toFixed(3)}  mean error ${areaScores.mae.toFixed(2)} m²`);
console.log(`perimeter  R² ${perimeterScores.r2.toFixed(3)}  mean error ${perimeterScores.mae.toFixed(2)} m`);

const found = await trainer.predict({ sides: { data: Float32Array.of(3, 4), shape: [1, 2] } });
console.log(`3 m × 4 m: area ${found.area[0]?.toFixed(1)} m², perimeter ${found.perimeter[0]?.toFixed(1)} m`);
trainer.dispose();
