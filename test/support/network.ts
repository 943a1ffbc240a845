// Machines of a test's own: each a network namespace with addresses and routes as a script of `ip` makes them. A
// program runs there with the launcher that `on` answers. The kernel removes everything with the namespace's last
// process.

import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { canUnshare } from './namespaces.js';

/** ip lies where not everybody looks. */
const ENV = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

export interface NetworkMachine {
  readonly pid: number;
  /** Before the words of a program that is to run there. */
  readonly on: readonly string[];
  /** Lines for a shell on that machine; a line that fails ends them, and the test. */
  run(script: string): string;
}

/** Undefined where none can be made, said loudly. @param script runs there after the loopback is up. */
export async function makeMachine(t: TestContext, script = ''): Promise<NetworkMachine | undefined> {
  if (!canUnshare(t)) return undefined;
  const holder: ChildProcessWithoutNullStreams = spawn('unshare', ['--net', '--', 'sh', '-c', 'echo; exec cat'], {
    env: ENV,
  });
  t.after(async () => {
    const closed = once(holder, 'close');
    holder.kill('SIGKILL');
    await closed;
  });
  await once(holder.stdout, 'data');
  const pid = holder.pid ?? 0;
  const on = ['nsenter', '-t', `${pid}`, '-n', '--'];
  const run = (lines: string): string => {
    const [command = '', ...words] = [...on, 'sh', '-ec', lines];
    const { status, stdout, stderr } = spawnSync(command, words, { env: ENV, encoding: 'utf8' });
    assert.equal(status, 0, `${lines}\n${stderr}`);
    return stdout;
  };
  run(`ip link set lo up\n${script}`);
  return { pid, on, run };
}

/** A cable between two machines: `eth0` at both ends, up, without addresses. */
export function connect(one: NetworkMachine, other: NetworkMachine): void {
  one.run(`ip link add eth0 type veth peer name eth0 netns ${other.pid}\nip link set eth0 up`);
  other.run('ip link set eth0 up');
}

/** 10.77.0.2, whose default route leads to 10.77.0.3, and that one. Undefined where none can be made. */
export async function twoMachines(t: TestContext): Promise<readonly [NetworkMachine, NetworkMachine] | undefined> {
  const [one, other] = [await makeMachine(t), await makeMachine(t)];
  if (one === undefined || other === undefined) return undefined;
  connect(one, other);
  one.run('ip addr add 10.77.0.2/24 dev eth0\nip route add default via 10.77.0.3');
  other.run('ip addr add 10.77.0.3/24 dev eth0');
  return [one, other];
}
