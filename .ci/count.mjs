// Prints "passed failed skipped" from vitest's JSON report: node .ci/count.mjs <report> <exit code of the test run>
import { existsSync, readFileSync } from 'node:fs';

const [file = '', code = '1'] = process.argv.slice(2);
const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = report;
// A file that cannot be loaded has no failed test, but fails the run.
const failed = Math.max(numFailedTests, code === '0' ? 0 : 1);
console.log(numPassedTests, failed, numPendingTests + numTodoTests);
