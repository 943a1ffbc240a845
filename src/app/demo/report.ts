// The result of a demo as a table for people; `--json` prints the same object.

import { formatBytes } from '../../foundation/base/bytes.js';

export interface Participant {
  readonly name: string;
  readonly address: string;
  /** Payload bytes sent (seeders) or received (leecher). */
  readonly bytes: number;
  readonly cpuSeconds: number;
  readonly rssPeakBytes: number;
  readonly loopDelayP99Ms: number;
}

export interface DemoResult {
  readonly schema: 1;
  readonly bytes: number;
  readonly seconds: number;
  readonly megabytesPerSecond: number;
  readonly sha256: string;
  readonly wastedBytes: number;
  /** The tracker that was killed and brought back. */
  readonly tracker: { readonly killedInMidDownload: boolean; readonly listsEqualAfterSeconds: number };
  readonly leecher: Participant;
  readonly seeders: readonly Participant[];
}

export function tableOf(result: DemoResult): string {
  const { seeders, leecher } = result;
  const rows = [
    ['who', 'address', 'sent', 'share', 'CPU', 'peak memory'],
    ...seeders.map((seeder) => [
      seeder.name,
      seeder.address,
      formatBytes(seeder.bytes),
      `${Math.round((100 * seeder.bytes) / Math.max(1, leecher.bytes))} %`,
      `${seeder.cpuSeconds.toFixed(2)} s`,
      formatBytes(seeder.rssPeakBytes),
    ]),
    [leecher.name, leecher.address, '', '', `${leecher.cpuSeconds.toFixed(2)} s`, formatBytes(leecher.rssPeakBytes)],
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [
    ...lines,
    '',
    `${formatBytes(result.bytes)} in ${result.seconds.toFixed(2)} s: ${result.megabytesPerSecond.toFixed(0)} MB/s, ${formatBytes(result.wastedBytes)} wasted`,
    `SHA-256 of source and result: ${result.sha256}`,
    'equal: every byte arrived',
    `tracker 1, killed ${result.tracker.killedInMidDownload ? 'during the download' : 'after the download'} and restarted: both lists equal after ${result.tracker.listsEqualAfterSeconds.toFixed(2)} s`,
  ].join('\n');
}
