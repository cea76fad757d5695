/** Ends a test file whose tests are done but which does not end, because one of them left something open. */
import { after } from 'node:test';

/** From the end of the last test on, so the file's own `after` hooks have to be done by then, too. */
const LIMIT_MS = 15_000;

// Node's test runner loads this file, too, and has no tests of its own.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  after(() => {
    setTimeout(() => {
      const open = process.getActiveResourcesInfo().join(', ');
      console.error(`The tests of ${process.argv[1]} are done, and the process does not end. Open: ${open}.`);
      process.exit(1);
    }, LIMIT_MS).unref();
  });
}
