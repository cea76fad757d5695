/** Asks an API everything, runs the action against it, and revokes what was minted, whatever happens. */
import { runAction } from './action.ts';
import { askQuestions, type Row, type Subject } from './questions.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

export interface ProbeRun {
  readonly session: Session;
  readonly rows: readonly Row[];
  /** What the action itself said, if it did not go well. */
  readonly message: string | undefined;
}

export async function runProbe(options: SessionOptions, subject: Subject): Promise<ProbeRun> {
  const session = openSession(options);
  try {
    const rows = await askQuestions(session, subject);
    const { row, message } = await runAction(session, subject, options.cancelled, new URL(options.baseUrl).host);
    return { session, rows: [...rows, row], message };
  } finally {
    await session.revokeAll();
    session.close();
  }
}
