// A small network inside this machine: one namespace a host, joined by a bridge in a namespace of its own, each link
// shaped by `tbf` in both directions. Nothing is made in the machine's own network, and names hold this process's id.
// Invariant: `remove` takes away whatever `create` made, even when `create` failed midway.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const HUB = 'hub';
const BRIDGE = 'bridge0';
const LINK = 'eth0';
/** One packet of 64 KiB as the kernel hands it down (GSO) with its headers passes whole. */
const BURST_BYTES_MIN = 70_000;
/** And what the rate brings in 4 ms, the longest tick of a kernel timer in common use. */
const BURST_SECONDS = 0.004;
/** What waits at a link before packets are dropped: the buffer of a plain switch. */
const QUEUE_MS = 50;

export interface ShapedHost {
  readonly mbitPerSecond: number;
}

/** Why this process cannot make one; undefined when it can. */
export function whyNoNetwork(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  if (process.getuid?.() !== 0) return 'making network namespaces needs root: run it with sudo';
  for (const tool of ['ip', 'tc'])
    if (spawnSync(tool, ['-V']).error !== undefined) return `it needs the command ${tool} (package iproute2)`;
  return undefined;
}

export class ShapedNetwork {
  static #made = 0;
  readonly #prefix: string;
  readonly #namespaces: string[] = [];
  readonly #hosts: readonly ShapedHost[];

  constructor(hosts: readonly ShapedHost[]) {
    ShapedNetwork.#made += 1;
    this.#prefix = `mtb${process.pid}-${ShapedNetwork.#made}`;
    this.#hosts = hosts;
  }

  create(): void {
    const hub = this.#addNamespace(HUB);
    run('ip', ['-n', hub, 'link', 'add', BRIDGE, 'type', 'bridge']);
    run('ip', ['-n', hub, 'link', 'set', BRIDGE, 'up']);
    this.#hosts.forEach((host, at) => {
      this.#addHost(hub, host, at);
    });
  }

  /** Words that make what follows them run on that host. */
  launcher(host: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#name(String(host))];
  }

  address(host: number): string {
    return `10.77.0.${host + 1}`;
  }

  /** What left that host so far, in bytes on its link, headers and all. */
  sentBytes(host: number): number {
    const text = run('ip', ['-n', this.#name(String(host)), '-j', '-s', 'link', 'show', LINK]);
    const [link] = JSON.parse(text) as [{ stats64: { tx: { bytes: number } } }];
    return link.stats64.tx.bytes;
  }

  /** Links go with their namespaces, a namespace with its name and the last process in it. */
  remove(): void {
    const failures: unknown[] = [];
    for (let name = this.#namespaces.pop(); name !== undefined; name = this.#namespaces.pop()) {
      try {
        run('ip', ['netns', 'del', name]);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some namespaces could not be removed');
  }

  #addHost(hub: string, { mbitPerSecond }: ShapedHost, at: number): void {
    const name = this.#addNamespace(String(at));
    const port = `port${at}`;
    run('ip', ['link', 'add', port, 'netns', hub, 'type', 'veth', 'peer', 'name', LINK, 'netns', name]);
    run('ip', ['-n', hub, 'link', 'set', port, 'master', BRIDGE, 'up']);
    run('ip', ['-n', name, 'addr', 'add', `${this.address(at)}/24`, 'dev', LINK]);
    run('ip', ['-n', name, 'link', 'set', LINK, 'up']);
    const burst = Math.max(BURST_BYTES_MIN, Math.round((mbitPerSecond * 1e6 * BURST_SECONDS) / 8));
    const shape = ['root', 'tbf', 'rate', `${mbitPerSecond}mbit`, 'burst', `${burst}b`, 'latency', `${QUEUE_MS}ms`];
    run('tc', ['-n', name, 'qdisc', 'add', 'dev', LINK, ...shape]);
    run('tc', ['-n', hub, 'qdisc', 'add', 'dev', port, ...shape]);
  }

  #addNamespace(what: string): string {
    const name = this.#name(what);
    run('ip', ['netns', 'add', name]);
    this.#namespaces.push(name);
    run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    return name;
  }

  #name(what: string): string {
    return `${this.#prefix}-${what}`;
  }
}

/** Names of this process's namespaces that are still there; none is what is right at the end. */
export function leftNamespaces(): readonly string[] {
  try {
    return readdirSync('/run/netns').filter((name) => name.startsWith(`mtb${process.pid}-`));
  } catch {
    return [];
  }
}

function run(command: string, words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${status}: ${stderr.trim()}`);
  return stdout;
}
