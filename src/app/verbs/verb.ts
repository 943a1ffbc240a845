// The shape of a row in the table of verbs: how a verb is written, what it asks the client, and how the answer is
// shown. `form` checks that the three fit together. Pure.

import type { SwarmClient } from '../library/swarm-client.js';
import type { Argument, Arguments, Values, ValuesOf } from './arguments.js';
import type { Result } from './results.js';

export interface Flag {
  /** Without its dashes. */
  readonly name: string;
  /** One letter for the shell. */
  readonly short?: string;
  readonly purpose: string;
  /** Completion offers it only after its dash is typed. */
  readonly isRisky?: true;
}

/** What a form does. The console itself answers `help` and `quit`. */
export type Action =
  | {
      readonly kind: 'ask';
      /** Rejects with MiniTorrentError when the client refuses. */
      readonly ask: (client: SwarmClient, values: Values) => Promise<unknown>;
      /** @param ascii use only ASCII characters in drawings. */
      readonly show: (answer: unknown, values: Values, ascii: boolean) => Result;
    }
  | { readonly kind: 'help' | 'quit' };

/** One way to write a verb. */
export interface Form {
  /** The fixed word after the verb, such as `peers` in `show peers`; '' for none. */
  readonly topic: string;
  /** The topic may be left out. */
  readonly isDefault: boolean;
  /** In the order in which they are written; optional ones come last. */
  readonly takes: Readonly<Record<string, Argument<unknown>>>;
  /** Must be given for this form. */
  readonly flag: Flag | undefined;
  /** Words after the last argument are ignored. */
  readonly ignoresRest: boolean;
  /** For `help`: at most 43 columns. */
  readonly purpose: string;
  readonly action: Action;
  /** It asks and changes nothing. */
  readonly isQuestion: boolean;
}

export interface Verb {
  readonly name: string;
  /** Names that other programs use for it. */
  readonly aliases?: readonly string[];
  /** Tried in this order. */
  readonly forms: readonly Form[];
  /** Whole lines, for the console's `help <command>`. */
  readonly examples?: readonly string[];
  /** Set: it is also a command of the shell, `mtorrent <name>`. */
  readonly shell?: ShellCommand;
}

export interface ShellCommand {
  /** For `mtorrent --help`; the purpose of the first form when absent. */
  readonly summary?: string;
  /** What a usage calls the topic. */
  readonly topicName?: string;
  /** Whole lines, without the program's name. */
  readonly examples?: readonly string[];
}

interface FormShape<A extends Arguments> {
  readonly topic?: string;
  readonly isDefault?: boolean;
  readonly takes?: A;
  readonly flag?: Flag;
  readonly purpose: string;
  readonly isQuestion?: boolean;
}

interface ClientForm<A extends Arguments, R> extends FormShape<A> {
  readonly ask: (client: SwarmClient, values: ValuesOf<A>) => Promise<R>;
  readonly show: (answer: R, values: ValuesOf<A>, ascii: boolean) => Result;
}

/** A form that the client answers; its arguments and its answer keep their types within the row. */
export function form<A extends Arguments, R>({ ask, show, ...shape }: ClientForm<A, R>): Form {
  return { ...complete(shape), action: { kind: 'ask', ask, show } as Action };
}

/** A form that the console answers by itself. */
export function consoleForm(kind: 'help' | 'quit', shape: FormShape<Arguments>, ignoresRest = false): Form {
  return { ...complete(shape), ignoresRest, action: { kind } };
}

function complete({
  topic = '',
  isDefault = false,
  takes = {},
  flag,
  purpose,
  isQuestion = false,
}: FormShape<Arguments>): Omit<Form, 'action'> {
  return { topic, isDefault, takes, flag, purpose, isQuestion, ignoresRest: false };
}
