import { join } from 'node:path';

/** A run file with six tasks; two of its options are set for every run. */
export interface AffinityTable {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>> & {
    readonly tasks: readonly { readonly name: string; readonly [option: string]: unknown }[];
  };
  /** Steps from one look of an observer to the next: about 60 looks in a training. */
  readonly interval: number;
}

const movies = join(import.meta.dirname, '..', 'node_modules', 'vega-datasets', 'data', 'movies.json');

/** Six tasks of images, and six of films; rows are divided alike for all seeds. */
export const affinityTables: readonly AffinityTable[] = [
  {
    name: 'digits',
    interval: 6,
    config: {
      data: { use: './digit-tasks.ts#digitTasks', train: 6000, test: 4000 },
      tasks: [
        { name: 'left', type: 'classification', classes: 10 },
        { name: 'right', type: 'classification', classes: 10 },
        { name: 'even', type: 'binary' },
        { name: 'large', type: 'binary' },
        { name: 'sum', type: 'classification', classes: 5 },
        { name: 'greater', type: 'binary' },
      ],
      sharing: { use: 'hard-sharing', encoder: { use: 'mlp', units: [128, 64] }, head: { use: 'mlp', units: [32] } },
      optimizer: { use: 'adam', learningRate: 0.002 },
      training: { epochs: 8, batchSize: 128 },
    },
  },
  {
    name: 'movies',
    interval: 10,
    config: {
      data: {
        use: 'table',
        source: { movies },
        // A film's other takings would say what it took in.
        sql: `
          SELECT "IMDB Rating" AS imdb, "Rotten Tomatoes Rating" AS tomatoes, log10(nullif("Worldwide Gross", 0)) AS gross,
            log10(nullif("IMDB Votes", 0)) AS votes, "Running Time min" AS minutes, "Major Genre" AS genre,
            log10("Production Budget") AS budget, year(strptime("Release Date", '%b %d %Y')) AS released, "MPAA Rating" AS rated,
            "Source" AS origin, "Creative Type" AS kind, "Distributor" AS distributor, "Director" AS director
          FROM movies`,
        features: {
          budget: 'number',
          released: 'number',
          rated: 'category',
          origin: 'category',
          kind: 'category',
          distributor: { type: 'category', encoding: 'embedding', minCount: 5 },
          director: { type: 'category', encoding: 'embedding', minCount: 3 },
        },
        only: true,
      },
      split: { validation: 0.1, test: 0.3, seed: 1 },
      tasks: [
        { name: 'imdb', type: 'regression' },
        { name: 'tomatoes', type: 'regression' },
        { name: 'gross', type: 'regression' },
        { name: 'votes', type: 'regression' },
        { name: 'minutes', type: 'regression' },
        { name: 'genre', type: 'classification' },
      ],
      sharing: {
        use: 'hard-sharing',
        encoder: { use: 'tabular', units: [64, 32], embeddingSize: 4, dropout: 0.2 },
      },
      optimizer: { use: 'adam', learningRate: 0.003 },
      training: { epochs: 40, batchSize: 64, earlyStopping: { patience: 6, restoreBest: true } },
    },
  },
];
