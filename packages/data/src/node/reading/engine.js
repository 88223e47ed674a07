// @ts-check
// Plain JavaScript, since it also runs in a process of its own, which has nothing but Node.

/**
 * @typedef {import('./duckdb.js').Chunk} Chunk
 * @typedef {import('@duckdb/node-api').DuckDBDataChunk} DataChunk
 */

/** DuckDB's number for the type DOUBLE. */
const doubleType = 11;

/**
 * An open database in this process.
 *
 * @param {typeof import('@duckdb/node-api')} duckdb
 * @param {{ readonly settings: Record<string, string>, readonly statements: readonly string[] }} start - Settings to open it
 * with, and what is run before anything else.
 */
export async function openEngine({ DuckDBInstance, StatementType }, { settings, statements }) {
  const instance = await DuckDBInstance.create(':memory:', settings);
  const connection = await instance.connect();
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    for (const statement of statements) await connection.run(statement);
  } catch (error) {
    close();
    throw error;
  }
  return {
    /** @param {string} sql */
    async run(sql) {
      await connection.run(sql);
    },
    /** @param {string} sql @returns {Promise<Record<string, unknown>[]>} */
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS(),
    /** @param {string} sql @returns {Promise<{ next(): Promise<Chunk | undefined> }>} */
    async stream(sql) {
      const result = await connection.stream(sql);
      return {
        async next() {
          const chunk = await result.fetchChunk();
          if (chunk === null || chunk.rowCount === 0) return undefined;
          const { rowCount: size, columnCount } = chunk;
          return { size, columns: Array.from({ length: columnCount }, (_, column) => columnOf(chunk, column)) };
        },
      };
    },
    /** How many statements a text is, and whether the only one reads. @param {string} sql */
    async statementsOf(sql) {
      const found = await connection.extractStatements(sql);
      if (found.count !== 1) return { count: found.count, reads: false };
      const statement = await found.prepare(0);
      const { statementType } = statement;
      statement.destroySync();
      return { count: 1, reads: statementType === StatementType.SELECT };
    },
    interrupt: () => connection.interrupt(),
    close,
  };
}

/**
 * Numbers one by one into an array of numbers: a column that has them boxed takes many times as long to collect. Values of the
 * database's own classes, such as UUIDs, as texts.
 *
 * @param {DataChunk} chunk
 * @param {number} column
 * @returns {unknown[] | Float64Array}
 */
function columnOf(chunk, column) {
  const vector = chunk.getColumnVector(column);
  if (vector.type.typeId === doubleType) {
    const numbers = new Float64Array(vector.itemCount);
    for (let row = 0; row < numbers.length; row++)
      numbers[row] = /** @type {number} */ (vector.getItem(row) ?? Number.NaN);
    return numbers;
  }
  const values = new Array(vector.itemCount);
  for (let row = 0; row < values.length; row++) {
    const value = vector.getItem(row);
    values[row] = typeof value === 'object' && value !== null ? String(value) : value;
  }
  return values;
}
