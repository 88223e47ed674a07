// Loaded into the built program by `--import`: holds it in the middle of one write, so that a test can send signals there.
// The parent is told `in write` and says `go on`; `later` moves the clock, which would otherwise have to be waited for.
//   HOLD   the end of the file's name before it gets a temporary one, such as `run.json`
//   NTH    which write of such a file, from 1
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const { HOLD = '', NTH = '1' } = process.env;
const { open } = fs;
let seen = 0;

fs.open = async (path, ...rest) => {
  const file = await open(path, ...rest);
  const name = String(path).replace(/\.[\da-f-]{36}\.tmp$/, '');
  if (!new RegExp(`${HOLD}$`).test(name) || rest[0] === 'r' || ++seen !== Number(NTH)) return file;
  file.writeFile = async (content) => {
    const bytes = Buffer.from(content);
    const half = Math.floor(bytes.length / 2);
    await file.write(bytes, 0, half);
    process.send?.('in write');
    await heard('go on');
    await file.write(bytes, half, bytes.length - half);
  };
  return file;
};
syncBuiltinESMExports();

const { now } = performance;
let ahead = 0;
performance.now = () => now.call(performance) + ahead;
process.on('message', (message) => {
  if (message !== 'later') return;
  ahead += 1000;
  process.send?.('it is later');
});
process.channel?.unref();

/** Resolves at a message; the program does not end before. */
function heard(expected) {
  const alive = setInterval(() => {}, 60_000);
  return new Promise((resolve) => {
    process.on('message', function listen(message) {
      if (message !== expected) return;
      process.off('message', listen);
      clearInterval(alive);
      process.channel?.unref();
      resolve(undefined);
    });
  });
}
