/** Reports as Node's `spec` does, but with the groups in the name of a test that fails: its line then makes sense alone. */
import { Readable } from 'node:stream';
import { spec, type TestEvent } from 'node:test/reporters';

type Start = Extract<TestEvent, { type: 'test:start' }>;

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  yield* Readable.from(withGroups(events)).pipe(new spec());
}

/** A test without tests of its own is told to start right before its result. */
async function* withGroups(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  let names: string[] = [];
  let held: Start | undefined;
  for await (const event of events) {
    if (held !== undefined) {
      if (event.type === 'test:fail') held.data.name = event.data.name = names.join(': ');
      yield held;
      held = undefined;
    }
    if (event.type === 'test:start') {
      names = [...names.slice(0, event.data.nesting), event.data.name];
      held = event;
    } else {
      yield event;
    }
  }
}
