// Prints "passed failed skipped reasons" of the stage native: node .ci/count-native.mjs <report> <exit code of the stage>
import { existsSync, readFileSync } from 'node:fs';

const [file = '', code = '1'] = process.argv.slice(2);
const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const { passed = [], failed = [], skipped = [] } = report;
// A stage that ends without a report has failed, whatever it was about to say.
const failures = Math.max(failed.length, code === '0' || code === '75' ? 0 : 1);
console.log(passed.length, failures, skipped.length, skipped.join('; '));
