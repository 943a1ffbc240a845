// What the doctor is told before it examines a client: its running downloads, the files with a problem, one announced
// swarm for each tracker pair. Pure.

import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { isOffered } from '../files/file-life.js';
import type { FileTable } from '../files/file-table.js';
import { type Pair, pairKey, pairsOf } from '../files/names.js';
import { bytesToCome } from '../files/record.js';
import { DOCTOR_PAIRS_MAX, DOCTOR_TROUBLES_MAX } from '../limits.js';
import type { Rates } from '../messages.js';

export interface RunningDownload {
  readonly file: number;
  readonly name: string;
  /** Where the file will be. */
  readonly path: string;
  readonly bytesToCome: number;
  /** Bytes a second. */
  readonly rate: number;
}

export interface DoctorRequest {
  readonly rates: Rates;
  readonly downloads: readonly RunningDownload[];
  /** Files with a problem. */
  readonly troubles: readonly { readonly name: string; readonly sentence: string }[];
  /** Files that trackers refuse, one for each reason. */
  readonly refusals: readonly { readonly name: string; readonly sentence: string }[];
  /** One announced swarm for each tracker pair. */
  readonly announced: readonly { readonly trackers: Pair; readonly swarm: SwarmKey }[];
}

export function doctorRequestOf(files: FileTable, rates: Rates, refusals: DoctorRequest['refusals']): DoctorRequest {
  const records = files.all();
  const announced = new Map<string, DoctorRequest['announced'][number]>();
  for (const { phase, entry } of records) {
    if (announced.size >= DOCTOR_PAIRS_MAX) break;
    if (!isOffered(phase)) continue;
    for (const trackers of pairsOf(entry))
      if (!announced.has(pairKey(trackers))) announced.set(pairKey(trackers), { trackers, swarm: entry.swarm });
  }
  return {
    rates,
    downloads: records
      .filter(({ phase }) => phase.at === 'downloading')
      .map((record) => {
        const { file, entry, transfer } = record;
        return { file, name: entry.name, path: entry.path, bytesToCome: bytesToCome(record), rate: transfer.rate };
      }),
    troubles: records
      .flatMap(({ entry, phase }) => ('sentence' in phase ? [{ name: entry.name, sentence: phase.sentence }] : []))
      .slice(0, DOCTOR_TROUBLES_MAX),
    refusals: refusals.slice(0, DOCTOR_TROUBLES_MAX),
    announced: [...announced.values()],
  };
}
