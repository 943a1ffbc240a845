// Numbers as Prometheus reads them: names with their base unit, labels of a few known values, and never the name of a
// file or the key of a swarm. What is counted is known elsewhere, so each scrape writes the counters anew.

/** One number, or one for each of a few labels. */
export interface Metric {
  /** With its unit; a counter ends with `_total`. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly values: readonly MetricValue[];
}

export interface MetricValue {
  readonly labels?: Readonly<Record<string, string>>;
  /** Undefined: not known now, and left out. */
  readonly value: number | undefined;
}

export function gauge(name: string, help: string, value: number | undefined | readonly MetricValue[]): Metric {
  return { name, help, kind: 'gauge', values: valuesOf(value) };
}

export function counter(name: string, help: string, value: number | undefined | readonly MetricValue[]): Metric {
  return { name, help, kind: 'counter', values: valuesOf(value) };
}

function valuesOf(value: number | undefined | readonly MetricValue[]): readonly MetricValue[] {
  return typeof value === 'object' ? value : [{ value }];
}

/** What any process tells of itself, by the names that every client library of Prometheus uses. */
export interface ProcessNumbers {
  readonly uptimeSeconds: number;
  readonly rssBytes: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
}

export function processMetrics(numbers: ProcessNumbers, nowS: number, version: string): readonly Metric[] {
  const { uptimeSeconds, rssBytes, cpuUserSeconds, cpuSystemSeconds } = numbers;
  return [
    gauge('mtorrent_build_info', 'The version that runs; always 1', [{ labels: { version }, value: 1 }]),
    counter('process_cpu_user_seconds_total', 'Processor time in user mode', cpuUserSeconds),
    counter('process_cpu_system_seconds_total', 'Processor time in the kernel', cpuSystemSeconds),
    counter('process_cpu_seconds_total', 'Processor time', cpuUserSeconds + cpuSystemSeconds),
    gauge('process_resident_memory_bytes', 'Memory of the process', rssBytes),
    gauge('process_start_time_seconds', 'When the process started, since 1970', nowS - uptimeSeconds),
  ];
}

/** The text that a scrape is answered with. */
export async function exposition(metrics: readonly Metric[]): Promise<string> {
  const { Counter, Gauge, Registry } = await import('./prometheus.js');
  const registry = new Registry();
  for (const { name, help, kind, values } of metrics) {
    const known = values.filter(({ value }) => value !== undefined && Number.isFinite(value));
    if (known.length === 0) continue;
    const labelNames = Object.keys(known[0]?.labels ?? {});
    const options = { name, help, labelNames, registers: [registry] };
    if (kind === 'counter') {
      const counted = new Counter(options);
      for (const { labels = {}, value = 0 } of known) counted.inc(labels, value);
    } else {
      const measured = new Gauge(options);
      for (const { labels = {}, value = 0 } of known) measured.set(labels, value);
    }
  }
  return registry.metrics();
}

/** A sum over files that come and go, as a count that only grows. */
export class Growing {
  #last = 0;
  #total = 0;

  /** @param sum of those that are there now. */
  take(sum: number): number {
    this.#total += Math.max(0, sum - this.#last);
    this.#last = sum;
    return this.#total;
  }
}
