// Stands for Google Cloud's CLI, and for gh: writes down each call, and knows of nothing that it was not told to create.
const { appendFileSync } = require('node:fs');

const args = process.argv.slice(2);
appendFileSync(process.env.CALLS, `${JSON.stringify(args)}\n`);
if (args[0] === 'api') console.log(args[1] === 'repos/octo-org/octo-repo' ? 456789 : 456790);
else if (args.includes('import-jobs') && args.includes('describe')) console.log('ACTIVE');
else if (args[0] === 'projects') console.log('987654321');
else if (args.includes('describe')) process.exit(1);
