// Opens a client's console on stdin and stdout: a script's output for a pipe, a prompt or a full screen for a terminal.
// Does not know how the client is reached or what leaving it means.

import type { Readable, Writable } from 'node:stream';
import { SURROUNDINGS } from '../../foundation/base/surroundings.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { type LineSource, PipedLines, PlainPrompt } from './session/lines.js';
import { PeopleOutput, ScriptOutput } from './session/output.js';
import { Session } from './session/session.js';
import { abilitiesOf, asciiOnly, type ColourSetting, type Environment } from './terminal/abilities.js';
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
  readonly color: ColourSetting;
  /** The history file; its directory exists. Absent: lines are not kept. */
  readonly historyPath?: string | undefined;
  /** Performs `quit`; resolves with the detail that scripts get. */
  readonly leave: () => Promise<string>;
  /** What people see after `quit`; the detail when absent. */
  readonly farewell?: string | undefined;
  /** The first line; scripts get it on stderr. */
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
    // Loaded at the first Tab.
    complete: async (head) => {
      const { completeLine } = await import('./session/completer.js');
      return completeLine(head, client, SURROUNDINGS);
    },
    list: async (candidates, columns) => {
      const { listCandidates } = await import('./session/completer.js');
      return listCandidates(abilities.unicode ? candidates : candidates.map(asciiOnly), columns);
    },
    runningCount: () => live.runningCount,
    historyPath,
    paint: paintOf(abilities.colour),
  });
  let unlisten = (): void => undefined;
  const source: LineSource = {
    open: (events) => {
      screen.open(events);
      live.poll();
      // A download may have ended or continued.
      unlisten = client.listen(() => live.poll());
    },
    // The command may have started or ended a download.
    ready: () => {
      screen.ready();
      live.poll();
    },
    close: () => {
      unlisten();
      live.close();
      screen.close();
    },
  };
  return { source, print: (text) => screen.print(text) };
}
