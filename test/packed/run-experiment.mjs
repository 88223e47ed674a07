// Somebody's own script: an experiment with two strategies, compared by what the runs say.
import { readMetrics, runExperiment } from '@polytask/experiment';

const common = {
  data: { use: 'table', source: 'rows.csv', cache: 'cache' },
  tasks: [
    { name: 'y', type: 'regression' },
    { name: 'kind', type: 'classification' },
  ],
  training: { epochs: 2 },
  backend: 'cpu',
};
for (const units of [[8], [16, 8]]) {
  const sharing = { use: 'hard-sharing', encoder: { use: 'tabular', units } };
  const { status, folder, joint } = await runExperiment({ ...common, sharing });
  const epochs = await readMetrics(folder);
  console.log(JSON.stringify({ status, parameters: joint.parameters, tasks: joint.tasks, epochs: epochs.length }));
}
