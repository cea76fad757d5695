// Runs after every other post of the job: two tokens were minted, and both must be dead.
const answer = await fetch(`${process.env.STATE_url}/__simulator/tokens`);
const { tokens } = await answer.json();
const states = tokens.map(({ state }) => state).join(', ');
if (states === 'revoked, revoked') console.log('Two tokens were minted, and both are dead.');
else {
  console.log(`::error::The tokens that this job minted are: ${states || 'none'}. Two revoked ones were expected.`);
  process.exitCode = 1;
}
process.kill(Number(process.env.STATE_pid));
