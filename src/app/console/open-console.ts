// The console of a client on what this program has for stdin and stdout: a person's terminal or a script's pipe. Knows
// nothing of how the client is reached, or what leaving it means.

import { homedir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { SwarmClient } from '../library/swarm-client.js';
import { type LineSource, PipedLines, PlainPrompt } from './session/lines.js';
import { PeopleOutput, ScriptOutput } from './session/output.js';
import { Session } from './session/session.js';
import { abilitiesOf, asciiOnly, type ColourWish, type Environment } from './terminal/abilities.js';
import { LiveProgress } from './terminal/live-progress.js';
import { paintOf } from './terminal/paint.js';
import { Screen } from './terminal/screen.js';
import type { TerminalStream } from './terminal/terminal-output.js';

export interface ConsoleOptions {
  readonly client: SwarmClient;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: TerminalStream & { readonly isTTY?: boolean };
  readonly stderr: Writable;
  readonly env: Environment;
  readonly color: ColourWish;
  /** Where lines are remembered for the next run; its directory exists. Nowhere without it. */
  readonly historyPath?: string | undefined;
  /** What `quit` does; answers its detail. */
  readonly leave: () => Promise<string>;
  /** What people are told then; the detail when absent. */
  readonly farewell?: string | undefined;
  /** Said first, and to scripts on stderr: one line. */
  readonly greeting?: string | undefined;
}

export function openConsole(options: ConsoleOptions): Session {
  const { client, stdin, stdout, stderr, env, color, greeting, leave, farewell } = options;
  if (stdin.isTTY !== true || stdout.isTTY !== true) {
    if (greeting !== undefined) stderr.write(`${greeting}\n`);
    const output = new ScriptOutput(stdout, stderr);
    return new Session({ client, source: new PipedLines(stdin), output, ascii: true, leave, farewell });
  }
  const abilities = abilitiesOf(env, true, process.platform, color);
  const { source, print } = abilities.cursor ? openScreen(options) : openPlain(options);
  const paint = paintOf(abilities.colour);
  const output = new PeopleOutput((text, tone) => print(paint.tone(abilities.unicode ? text : asciiOnly(text), tone)));
  const session = new Session({ client, source, output, ascii: !abilities.unicode, leave, farewell });
  for (const line of greetingLines(client, greeting)) print(line);
  return session;
}

function greetingLines({ facts }: SwarmClient, greeting: string | undefined): readonly string[] {
  return [
    ...(greeting === undefined ? [] : [greeting]),
    `its trackers are ${facts.trackers.join(' and ')}`,
    'type help for a list of commands; Tab completes them',
  ];
}

interface Terminal {
  readonly source: LineSource;
  readonly print: (text: string) => void;
}

function openPlain({ stdin, stdout }: ConsoleOptions): Terminal {
  const prompt = new PlainPrompt(stdin, stdout);
  return { source: prompt, print: (text) => prompt.print(text) };
}

function openScreen({ client, stdin, stdout, env, color, historyPath }: ConsoleOptions): Terminal {
  const abilities = abilitiesOf(env, true, process.platform, color);
  const live = new LiveProgress(client, abilities, (draw) => screen.progress(draw));
  const screen = new Screen(stdin, stdout, {
    // Loaded with the first Tab.
    complete: async (head) => {
      const { completeLine } = await import('./session/completer.js');
      return completeLine(head, client, { directory: process.cwd(), home: homedir() });
    },
    listed: async (candidates, columns) => {
      const { listed } = await import('./session/completer.js');
      return listed(abilities.unicode ? candidates : candidates.map(asciiOnly), columns);
    },
    runningCount: () => live.runningCount,
    historyPath,
    paint: paintOf(abilities.colour),
  });
  let unlisten = (): void => undefined;
  const source: LineSource = {
    open: (heard) => {
      screen.open(heard);
      live.look();
      // Whatever it was, a download may have ended by it, or gone on.
      unlisten = client.listen(() => live.look());
    },
    // The line may have begun a download, or ended one.
    ready: () => {
      screen.ready();
      live.look();
    },
    close: () => {
      unlisten();
      live.close();
      screen.close();
    },
  };
  return { source, print: (text) => screen.print(text) };
}
