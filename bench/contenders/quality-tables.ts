import { join } from 'node:path';

/** A real table with several targets, and what a run file says of it: where the rows are, and what is learned. Nothing else. */
export interface QualityTable {
  readonly name: string;
  /** `data` of the run file; given a folder with tables that come from elsewhere. */
  data(folder: string): { readonly use: 'table'; readonly source: unknown; readonly sql: string };
  readonly tasks: readonly { readonly name: string; readonly type: 'regression' | 'binary' | 'classification' }[];
  /** Whether the peers' process has to write the file first. */
  readonly fromPeers?: boolean;
}

const vega = join(import.meta.dirname, '..', 'node_modules', 'vega-datasets', 'data');

/**
 * The rows with a column `part`: 65 % for training, 15 % for validation, 20 % for testing, by the fractional parts of multiples of the
 * golden ratio, which any database works out alike.
 */
const parted = (select: string, where = 'true', rows = 'data') => `
  SELECT * EXCLUDE (u),
    CASE WHEN u < 0.65 THEN 'train' WHEN u < 0.8 THEN 'validation' ELSE 'test' END AS part
  FROM (SELECT ${select}, (n * 0.6180339887498949) % 1 AS u
    FROM (SELECT *, row_number() OVER () AS n FROM ${rows}) WHERE ${where})`;

/** All tables, the small ones first. */
export const qualityTables: readonly QualityTable[] = [
  {
    name: 'diabetes',
    fromPeers: true,
    data: (folder) => ({ use: 'table', source: join(folder, 'diabetes.csv'), sql: parted('* EXCLUDE (n)') }),
    tasks: [
      { name: 'progression', type: 'regression' },
      { name: 'sex', type: 'binary' },
    ],
  },
  {
    name: 'penguins',
    data: () => ({
      use: 'table',
      source: join(vega, 'penguins.json'),
      // One row has a dot as its sex.
      sql: parted('* EXCLUDE (n) REPLACE (nullif("Sex", \'.\') AS "Sex")'),
    }),
    tasks: [
      { name: 'Species', type: 'classification' },
      { name: 'Sex', type: 'binary' },
      { name: 'Body Mass (g)', type: 'regression' },
      { name: 'Flipper Length (mm)', type: 'regression' },
    ],
  },
  {
    name: 'cars',
    data: () => ({ use: 'table', source: join(vega, 'cars.json'), sql: parted('* EXCLUDE (n)') }),
    tasks: [
      { name: 'Miles_per_Gallon', type: 'regression' },
      { name: 'Horsepower', type: 'regression' },
      { name: 'Acceleration', type: 'regression' },
      { name: 'Origin', type: 'classification' },
    ],
  },
  {
    name: 'earthquakes',
    data: () => ({
      use: 'table',
      source: join(vega, 'earthquakes.json'),
      // One row holds a list of all; names and codes say what is to be found out, and so does how strongly it was felt.
      sql: parted(
        `f.geometry.coordinates[1] AS longitude, f.geometry.coordinates[2] AS latitude, f.geometry.coordinates[3] AS depth,
        epoch_ms(f.properties."time") AS "time", f.properties.place AS place, f.properties.net AS net, f.properties.rms AS rms,
        f.properties.mag AS magnitude, f.properties.gap AS gap, f.properties.nst AS stations,
        log10(nullif(f.properties.dmin, 0)) AS nearest, f.properties.status = 'reviewed' AS reviewed`,
        'true',
        '(SELECT unnest(features) AS f FROM data)',
      ),
    }),
    tasks: [
      { name: 'magnitude', type: 'regression' },
      { name: 'gap', type: 'regression' },
      { name: 'stations', type: 'regression' },
      { name: 'nearest', type: 'regression' },
      { name: 'reviewed', type: 'binary' },
    ],
  },
  {
    name: 'weather',
    data: () => ({ use: 'table', source: join(vega, 'weather.csv'), sql: parted('* EXCLUDE (n)') }),
    tasks: [
      { name: 'temp_max', type: 'regression' },
      { name: 'precipitation', type: 'regression' },
      { name: 'wind', type: 'regression' },
      { name: 'weather', type: 'classification' },
    ],
  },
  {
    name: 'movies',
    data: () => ({
      use: 'table',
      source: join(vega, 'movies.json'),
      // What a film earned in one country, or in a shop, says what it earned in all.
      sql: parted(`* EXCLUDE (n, "US Gross", "US DVD Sales", "IMDB Votes", "Worldwide Gross"),
        log10(nullif("Worldwide Gross", 0)) AS gross`),
    }),
    tasks: [
      { name: 'IMDB Rating', type: 'regression' },
      { name: 'Rotten Tomatoes Rating', type: 'regression' },
      { name: 'gross', type: 'regression' },
      { name: 'Major Genre', type: 'classification' },
    ],
  },
  {
    name: 'birdstrikes',
    data: () => ({
      use: 'table',
      source: join(vega, 'birdstrikes.csv'),
      // What it cost says whether there was damage, and a species has one size.
      sql: parted(`* EXCLUDE (n, "Effect Amount of damage", "Cost Other", "Cost Repair", "Cost Total $", "Wildlife Species"),
        "Effect Amount of damage" <> 'None' AS damage, log10(nullif("Cost Total $", 0)) AS cost`),
    }),
    tasks: [
      { name: 'damage', type: 'binary' },
      { name: 'Wildlife Size', type: 'classification' },
      { name: 'Speed IAS in knots', type: 'regression' },
      { name: 'cost', type: 'regression' },
    ],
  },
  {
    name: 'flights',
    data: () => ({
      use: 'table',
      source: join(vega, 'flights-3m.parquet'),
      sql: parted('date, origin, destination, delay, distance, delay > 15 AS late', 'n % 30 = 0'),
    }),
    tasks: [
      { name: 'delay', type: 'regression' },
      { name: 'late', type: 'binary' },
      { name: 'distance', type: 'regression' },
    ],
  },
];
