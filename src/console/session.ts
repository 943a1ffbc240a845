// The console of one client: reads lines, asks the client, shows the answers. Two manners: for people on a terminal, with a
// prompt and sentences; for programs, one line on stdout a result (`SUCCESS:<detail>` or `FAILURE:<CODE>`) and explanations
// on stderr. Commands run one after the other, in the order of their lines; a download goes on in the background.

import { homedir } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { unreachable } from '../base/assert.js';
import { CONSOLE_LINE_MAX } from '../base/limits.js';
import type { ClientCommand, ClientEvent } from '../client/messages.js';
import { printable } from '../torrent/names.js';
import { type Answer, Asker } from './asker.js';
import { downloadLine, downloadsJson, limitsLine, peerLine } from './render.js';
import { helpText, parseLine, type Request } from './requests.js';

export interface SessionOptions {
  readonly input: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** A person at a terminal, rather than a program at a pipe. */
  readonly interactive: boolean;
  readonly tell: (command: ClientCommand) => void;
}

const PROMPT = 'mtorrent> ';

const SUCCESSES: Readonly<Partial<Record<Request['kind'], (detail: string) => string>>> = {
  share: (name) => `shared: give ${name} to whoever should get it`,
  get: (path) => `downloading to ${path}`,
  remove: () => 'removed; the file itself stays where it is',
  pause: () => 'paused; what is there stays shared',
  resume: () => 'going on',
  wait: () => 'every download has ended',
};

export class Session {
  readonly #options: SessionOptions;
  readonly #asker: Asker;
  readonly lines: Interface;
  #busy: Promise<void> = Promise.resolve();
  #quitting = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#asker = new Asker(options.tell);
    const { input, stdout, interactive } = options;
    this.lines = createInterface({
      input,
      ...(interactive ? { output: stdout, prompt: PROMPT } : {}),
      terminal: interactive,
      crlfDelay: Number.POSITIVE_INFINITY,
    });
  }

  start(): void {
    const { interactive } = this.#options;
    if (interactive) this.#aside(`${helpText()}\n`);
    this.lines.on('line', (line) => this.#enqueue(line));
    // The end of a script comes after its commands; a person's Ctrl-D or Ctrl-C means now, whatever is being waited for.
    this.lines.on('close', () => (interactive ? this.quit() : this.#enqueue('quit')));
    if (interactive) {
      this.lines.on('SIGINT', () => {
        if (this.lines.line === '') this.lines.close();
        else this.lines.write(null, { ctrl: true, name: 'u' });
      });
      this.lines.prompt();
    }
  }

  /** From a signal: as if `quit` had been typed, ahead of what is waiting. */
  quit(): void {
    void this.#quit();
  }

  /** The client has ended by itself. */
  close(): void {
    this.#quitting = true;
    this.lines.close();
  }

  onEvent(event: ClientEvent): void {
    if (this.#asker.take(event)) return;
    switch (event.kind) {
      case 'completed':
        this.#result(`COMPLETED:${event.path}`, `complete: ${printable(event.path)}`);
        break;
      case 'failed':
        this.#result(`FAILED:${event.path}:${event.code}`, `failed: ${printable(event.sentence)}`);
        if (!this.#options.interactive) this.#say(event.sentence);
        break;
      case 'stalled':
        this.#result(`STALLED:${event.path}:${event.code}`, `paused: ${printable(event.sentence)}`);
        if (!this.#options.interactive) this.#say(event.sentence);
        break;
      case 'notice':
        this.#say(event.sentence);
        break;
      default:
        unreachable(event as never);
    }
  }

  #enqueue(line: string): void {
    this.#busy = this.#busy.then(() => this.#run(line));
  }

  async #run(line: string): Promise<void> {
    if (this.#quitting) return;
    if (line.length > CONSOLE_LINE_MAX)
      this.#refused('INVALID_ARGUMENTS', `a line has at most ${CONSOLE_LINE_MAX} characters`);
    else {
      const parsed = parseLine(line, { directory: process.cwd(), home: homedir() });
      if (parsed.kind === 'mistake') this.#refused('INVALID_ARGUMENTS', parsed.sentence);
      else await this.#answer(parsed);
    }
    if (this.#options.interactive && !this.#quitting) this.lines.prompt();
  }

  async #answer(request: Request): Promise<void> {
    switch (request.kind) {
      case 'nothing':
        return;
      case 'help':
        this.#options.stdout.write(`${helpText()}\n`);
        if (!this.#options.interactive) this.#result('SUCCESS:HELP', '');
        return;
      case 'quit':
        await this.#quit();
        return;
      case 'showDownloads':
        this.#show(await this.#asker.ask({ kind: 'list' }), request.json);
        return;
      case 'showPeers':
        this.#show(await this.#asker.ask({ kind: 'peers', name: request.name }));
        return;
      case 'showStats':
        this.#show(await this.#asker.ask({ kind: 'stats' }));
        return;
      default:
        this.#show(await this.#asker.ask(request), false, SUCCESSES[request.kind]);
    }
  }

  async #quit(): Promise<void> {
    if (this.#quitting) return;
    this.#quitting = true;
    this.#show(await this.#asker.ask({ kind: 'quit' }));
    this.lines.close();
  }

  /** @param forPeople what a success means, in words around its detail. */
  #show(answer: Answer, asJson = false, forPeople: (detail: string) => string = (detail) => detail): void {
    switch (answer.kind) {
      case 'accepted':
        this.#result(`SUCCESS:${answer.detail}`, forPeople(printable(answer.detail)));
        break;
      case 'refused':
        this.#refused(answer.code, answer.sentence);
        break;
      case 'listed':
        if (asJson) this.#json(downloadsJson(answer.rows));
        else this.#table(answer.rows.map(downloadLine), 'nothing is shared or downloaded yet');
        break;
      case 'peersListed':
        this.#table(answer.peers.map(peerLine), 'no peer is connected');
        break;
      case 'statsListed':
        this.#json(answer.json);
        break;
      case 'limitsListed':
        this.#result(`SUCCESS:up=${answer.up} down=${answer.down}`, limitsLine(answer));
        break;
      default:
        unreachable(answer);
    }
  }

  #json(json: string): void {
    this.#result(`SUCCESS:${json}`, json);
  }

  /** Rows, then for programs how many they were. */
  #table(rows: readonly string[], empty: string): void {
    for (const row of rows) this.#options.stdout.write(`${row}\n`);
    if (!this.#options.interactive) this.#result(`SUCCESS:${rows.length}`, '');
    else if (rows.length === 0) this.#options.stdout.write(`${empty}\n`);
  }

  #refused(code: string, sentence: string): void {
    if (!this.#options.interactive) this.#options.stdout.write(`FAILURE:${code}\n`);
    this.#say(`${code}: ${sentence}`);
  }

  #result(forPrograms: string, forPeople: string): void {
    if (!this.#options.interactive) {
      // One line is one result, whatever a file is called.
      this.#options.stdout.write(`${forPrograms.replaceAll('\n', '\\n')}\n`);
    } else this.#aside(forPeople);
  }

  #say(sentence: string): void {
    if (this.#options.interactive) this.#aside(printable(sentence));
    else this.#options.stderr.write(`${printable(sentence)}\n`);
  }

  /** Above the prompt, which keeps what has been typed. */
  #aside(text: string): void {
    this.#options.stdout.write(`\r\u001b[K${text}\n`);
    if (!this.#quitting) this.lines.prompt(true);
  }
}
