// A machine that is killed -9 at each kind of write while it joins a closed swarm: the same line lets it in afterwards,
// under the key that it had made, and the invitation is good for nobody else. MTORRENT_LONG=1 tries every position.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type Outcome, ProgramProcess } from '../../src/app/demo/processes.js';
import { Questions } from '../../src/client/administration/questions.js';
import { formatInvitation } from '../../src/foundation/identity/invitation.js';
import { ROLES } from '../../src/foundation/identity/powers.js';
import { ClosedStage } from '../support/closed-stage.js';
import { ClosedSwarm } from '../support/closed-swarm.js';
import { canTrace, countCalls } from '../support/strace.js';

const CALLS = ['pwrite64', 'fsync', 'fdatasync', 'rename', 'link', 'unlink', 'mkdir'];
const ROUNDS = 8;
const IS_LONG = process.env['MTORRENT_LONG'] === '1';

function strace(...more: readonly string[]): readonly string[] {
  return ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-D', '-f', '-qq', '-e', `trace=${CALLS.join(',')}`, ...more];
}

class Joiner {
  readonly identity: string;
  readonly #directory: string;
  readonly #line: string;

  private constructor(directory: string, line: string) {
    this.#directory = directory;
    this.identity = join(directory, 'identity');
    this.#line = line;
  }

  static async make(stage: ClosedStage, name: string, line: string): Promise<Joiner> {
    const directory = join(stage.directory, name);
    await mkdir(directory, { recursive: true });
    return new Joiner(directory, line);
  }

  async join(t: TestContext, launcher: readonly string[] = []): Promise<Outcome> {
    const home = { HOME: this.#directory, XDG_STATE_HOME: join(this.#directory, 'state'), MTORRENT_SWARM: 'auto' };
    const words = ['join', this.#line, '--identity', this.identity];
    const run = new ProgramProcess('mtorrent join', words, this.#directory, { env: home, launcher });
    const lines: string[] = [];
    run.onLine = (each) => lines.push(each);
    t.after(() => run.end());
    return { code: await run.exited, stdout: lines.join('\n'), stderr: run.stderr };
  }

  /** Undefined before it is whole. */
  get key(): string | undefined {
    const path = join(this.identity, 'identity.key');
    return existsSync(path) ? readFileSync(path, 'latin1') : undefined;
  }
}

test('C23: kill -9 at any write of a join costs neither the key nor the invitation', {
  timeout: 600_000,
}, async (t) => {
  if (!canTrace(t)) return;
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const { address } = await stage.tracker(0, swarm.tracker());
  const questions = new Questions(swarm.member({ name: 'ada', role: 'admin' }), [address]);
  const newLine = async (): Promise<string> => {
    const secret = await questions.invite({ powers: ROLES.client, uses: 1, seconds: 3_600 });
    const root = swarm.root.publicKey;
    return formatInvitation({ root, secret, trackers: [...stage.addresses], isForTracker: false });
  };
  const trace = join(stage.directory, 'trace');
  const first = await Joiner.make(stage, 'undisturbed', await newLine());
  const { code, stderr } = await first.join(t, strace('-o', trace));
  assert.equal(code, 0, stderr);
  const counts = [...countCalls(await readFile(trace, 'utf8'))];
  const positions = counts.flatMap(([name, count]) =>
    Array.from({ length: count }, (_, at) => [name, at + 1] as const),
  );
  const stride = IS_LONG ? 1 : Math.ceil(positions.length / ROUNDS);
  const offset = randomInt(stride);
  let killed = 0;
  for (const [call, at] of positions.filter((_, index) => index % stride === offset)) {
    const when = `killed at ${call} number ${at}`;
    const joiner = await Joiner.make(stage, `${call}-${at}`, await newLine());
    const inject = ['-o', '/dev/null', '-e', `inject=${call}:signal=SIGKILL:when=${at}`];
    const under = await joiner.join(t, strace(...inject));
    if (under.code === 137) killed += 1;
    const { key } = joiner;
    const again = await joiner.join(t);
    const isThere = again.code === 0 || /is a client of swarm lab already/.test(again.stderr);
    assert.ok(isThere, `${when}: ${again.code} ${again.stderr}`);
    if (key?.includes('END PRIVATE KEY') === true) assert.equal(joiner.key, key, when);
    const left = readdirSync(joiner.identity).filter((name) => /tmp/.test(name));
    assert.deepEqual(left, [], when);
  }
  assert.ok(killed > 0, 'nobody was killed');
  const members = await questions.members();
  const names = members.filter(({ powers }) => powers === ROLES.client).map(({ id }) => id);
  assert.equal(new Set(names).size, names.length);
  t.diagnostic(`${positions.length} positions, ${killed} killed: ${JSON.stringify(counts)}`);
  const tried = readdirSync(stage.directory).filter((name) => /^(undisturbed|.*-\d+)$/.test(name));
  assert.equal(names.length, tried.length, 'one member for each machine, however often it asked');
});
