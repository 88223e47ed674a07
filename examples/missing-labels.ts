/**
 * Every task has rows of its own: no row is labelled for both, and one task has few.
 *
 * A machine has eight sensors. Two hidden quantities behind them, heat and load, decide its power and its wear. Power was
 * measured on 1,500 rows, wear on 60 others. Trained alone, 60 rows are too few to find the hidden quantities; trained
 * together, wear finds them in what power has learned.
 *
 *     npx tsx --conditions=polytask:source missing-labels.ts
 */
import { adam, createTrainer, mlp, perTaskDatasets, regression, tableDataset, uniformStream } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';

const random = uniformStream(1, 'machine');
const draw = () => 2 * random() - 1;
const mixing = Array.from({ length: 2 }, () => Array.from({ length: 8 }, draw));

/** Rows of sensors with the truth of both tasks. */
function measure(rows: number) {
  const sensors = Float32Array.from({ length: 8 * rows }, draw);
  const power = new Float32Array(rows);
  const wear = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const [heat = 0, load = 0] = mixing.map((weights) =>
      Math.tanh(2 * weights.reduce((sum, weight, i) => sum + weight * (sensors[8 * row + i] ?? 0), 0)),
    );
    power[row] = heat + load;
    wear[row] = heat - load;
  }
  return { sensors: { data: sensors, shape: [rows, 8] }, power, wear };
}

const forPower = measure(1500);
const forWear = measure(60);
const unseen = measure(500);
const powerData = tableDataset({ inputs: { sensors: forPower.sensors }, columns: { power: forPower.power } });
const wearData = tableDataset({ inputs: { sensors: forWear.sensors }, columns: { wear: forWear.wear } });
const test = tableDataset({ inputs: { sensors: unseen.sensors }, columns: { power: unseen.power, wear: unseen.wear } });

const sharing = hardSharing({ encoder: mlp([16]) });
const optimizer = adam({ learningRate: 0.01 });

// Alone: 60 rows in batches of 10, for as many steps as the joint run takes.
const alone = await createTrainer({ tasks: [regression('wear')], sharing, optimizer, seed: 1 });
await alone.fit(wearData, { epochs: 200, batchSize: 10 });
const aloneScores = await alone.evaluate(test);
alone.dispose();

// Together: each batch takes rows of both data sets, in proportion to their sizes.
const together = await createTrainer({ tasks: [regression('power'), regression('wear')], sharing, optimizer, seed: 1 });
await together.fit(perTaskDatasets({ power: powerData, wear: wearData }), { epochs: 50, batchSize: 65 });
const jointScores = await together.evaluate(test);
together.dispose();

console.log(`wear, alone     R² ${aloneScores.tasks.wear.r2.toFixed(2)}`);
console.log(`wear, together  R² ${jointScores.tasks.wear.r2.toFixed(2)}`);
console.log(`power           R² ${jointScores.tasks.power.r2.toFixed(2)}`);
