// The examples of the documentation, collected from where people read them: `--help` of the program and of each
// command, the console's `help`, and the pages for users. Reads only; where they are run is a table of the tests.

import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { declare, declaredCommands } from '../../src/app/cli/commands.js';
import { overview } from '../../src/app/cli/overview.js';
import { helpText } from '../../src/app/verbs/help.js';
import { VERB_NAMES } from '../../src/app/verbs/table.js';

export const ROOT = new URL('../../..', import.meta.url).pathname;
const COLUMNS = 110;
/** What stands for something that the reader puts there. */
const PLACE = /[<[…|]|\bFILE\b/;

/** Pages whose examples are played. */
const PAGES = ['README.md', 'docs/OPERATING.md', 'docs/ARCHITECTURE.md', 'docs/NUMBERS.md'];

/** Of a page: a block between ``` lines, in their order. */
export interface Block {
  /** The word behind the first ```; '' for what a terminal shows. */
  readonly language: string;
  readonly lines: readonly string[];
}

/** Every line that a reader may type as it stands. A console's begins with its prompt. Each once. */
export function everyExample(): readonly string[] {
  const console = VERB_NAMES.flatMap((name) => consoleExamples(name)).map((line) => `mtorrent> ${line}`);
  return [...new Set([...overviewExamples(), ...helpExamples(), ...console, ...pageExamples()])];
}

/** At the top of `mtorrent --help`. */
export function overviewExamples(): readonly string[] {
  const [top = ''] = overview(declaredCommands(), COLUMNS).split('Commands:');
  return [...top.matchAll(/^ {2}(mtorrent.*?) {2,}/gm)].map(([, line = '']) => line);
}

/** Of the commands' declarations, which `mtorrent <command> --help` shows. */
export function helpExamples(): readonly string[] {
  return describedExamples().map(([line]) => line);
}

/** As `helpExamples`, each with its description. */
export function describedExamples(): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  const listen = (parser: Argv): Argv =>
    new Proxy({} as Argv, {
      get:
        (_, name) =>
        (...words: readonly unknown[]) => {
          if (name === 'example') found.push([String(words[0]).replaceAll('$0', 'mtorrent'), String(words[1])]);
          const builder = name === 'command' ? words[2] : undefined;
          if (typeof builder === 'function') builder(listen(parser));
          return listen(parser);
        },
    });
  declare(listen({} as Argv), () => undefined);
  return found;
}

/** Of a console's `help <command>`. */
export function consoleExamples(command: string): readonly string[] {
  return [...helpText(command).matchAll(/^ +for example: (.*)$/gm)].map(([, line = '']) => line);
}

/** What a console's `help` lists: commands with their places, as `show peers <name>`. */
export function consoleForms(): readonly string[] {
  // The purpose of a long form has a line of its own.
  return helpText()
    .split('\n')
    .filter((line) => !/^ {3}/.test(line))
    .map((line) => /^ {2}(\S.*?)(?: {2,}|$)/.exec(line)?.[1] ?? line);
}

function pages(): string {
  return PAGES.map((page) => readFileSync(`${ROOT}/${page}`, 'utf8')).join('\n');
}

export function pageBlocks(): readonly Block[] {
  return [...pages().matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    lines: text.trimEnd().split('\n'),
  }));
}

/** Lines of its blocks that are typed, and whole command lines within its sentences and tables. */
function pageExamples(): readonly string[] {
  const typed = pageBlocks()
    .filter(({ language }) => language === '')
    .flatMap(({ lines }) => lines)
    .flatMap((line) => typedOn(line) ?? []);
  const prose = pages().replace(/^```[\s\S]*?^```$/gm, '');
  const inline = [...prose.matchAll(/`([^`\n]+)`/g)]
    .map(([, span = '']) => span)
    .filter((span) => /^(mtorrent|npm run|eval|printf) ./.test(span) && !PLACE.test(span));
  return [...typed, ...inline];
}

/** What a reader types on a line of a block; a console's with its prompt. */
function typedOn(line: string): string | undefined {
  const [shown = ''] = line.split(/ {2,}#/);
  if (/^mtorrent> ./.test(line)) return line;
  return /^\$ (.*)$/.exec(shown)?.[1] ?? /^npm .*$/.exec(shown)?.[0];
}
