// How a script is taken apart into the commands that a person types.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { commandsOf } from './shell.ts';

test('a command goes on over backslashes, here-documents, quotes and loops, and comments are none', () => {
  const script = [
    '# said',
    'one \\',
    '  --more',
    '',
    "two '{",
    '  "a": 1',
    "}'",
    'cat <<EOF | three',
    '# of the document',
    "it's",
    'EOF',
    'for A in $B; do',
    '  four',
    'done',
    'five',
    '',
  ].join('\n');
  assert.deepEqual(
    commandsOf(script).map((command) => command.split('\n').length),
    [2, 3, 4, 3, 1],
  );
  assert.throws(() => commandsOf("one 'two"), /belongs to no command/);
});

test('the article’s scripts can all be taken apart', () => {
  const directory = new URL('./article/', import.meta.url);
  for (const name of readdirSync(directory)) {
    const script = readFileSync(new URL(name, directory), 'utf8');
    assert.ok(commandsOf(script).length > 0, name);
  }
});
