// The tracker's scenes in a closed swarm beside an open one, in turn: what TLS and the gate cost a tracker.

import { showSpread, spreadOf } from './figures.js';
import type { Figure, SceneOptions } from './tracker-stage.js';

type Scene = (options: SceneOptions) => Promise<readonly Figure[]>;

interface Bar {
  /** Of the closed swarm's figure over the open one's, run by run. */
  readonly ratioAtLeast?: number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export const CLOSED_SCENES: readonly string[] = ['announces', 'idle', 'steady', 'failover', 'return', 'mixed'];

const BARS: Readonly<Record<string, Bar>> = {
  'announces, 200 × 8 open': { ratioAtLeast: 0.75, atLeast: 20_000 },
  'announce while they idle p99': { atMost: 50 },
  'announce while they connect p99': { atMost: 80 },
  'until 10000 more connections were greeted': { atMost: 25 },
  memory: { atMost: 400 },
  errors: { atMost: 0 },
  'connections missing': { atMost: 0 },
  'from SIGKILL of its tracker until the other lists the client': { atMost: 1_000 },
  'from SIGSTOP of its tracker until the other lists the client': { atMost: 5_000 },
  'from `quit` to its end, both trackers stopped': { atMost: 1_000 },
  'until 95 % were greeted by the other tracker': { atMost: 30 },
  'handshakes of the other tracker for nobody': { atMost: 5 },
};

/** Rows of a table: the figure, open, closed, their ratio run by run, the bar and whether it is met. */
export async function inTurn(
  scene: Scene,
  options: SceneOptions,
  runs: number,
): Promise<readonly (readonly string[])[]> {
  const open = new Map<string, number[]>();
  const closed = new Map<string, number[]>();
  const units = new Map<string, string>();
  for (let run = 0; run < runs; run += 1) {
    for (const isClosed of run % 2 === 0 ? [false, true] : [true, false]) {
      options.note(`run ${run + 1} of ${runs}, ${isClosed ? 'closed' : 'open'}`);
      const figures = isClosed ? closed : open;
      for (const { what, value, unit } of told(await scene({ ...options, isClosed }))) {
        figures.set(what, [...(figures.get(what) ?? []), value]);
        units.set(what, unit);
      }
    }
  }
  return [...closed].map(([what, values]) => rowOf(what, units.get(what) ?? '', open.get(what) ?? [], values));
}

/** What stands below several loads, as their processor time, has a number of its own for each. */
function told(figures: readonly Figure[]): readonly Figure[] {
  const seen = new Map<string, number>();
  return figures.map((figure) => {
    const times = (seen.get(figure.what) ?? 0) + 1;
    seen.set(figure.what, times);
    return times === 1 ? figure : { ...figure, what: `${figure.what} (${times})` };
  });
}

function rowOf(what: string, unit: string, open: readonly number[], closed: readonly number[]): readonly string[] {
  const ratio = spreadOf(closed.map((value, at) => value / (open[at] ?? Number.NaN)));
  const { ratioAtLeast, atMost, atLeast } = BARS[what] ?? {};
  const { median } = spreadOf(closed);
  const [bars, met]: [string[], boolean[]] = [[], []];
  const hold = (text: string, isMet: boolean): void => {
    bars.push(text);
    met.push(isMet);
  };
  if (ratioAtLeast !== undefined) hold(`ratio ≥ ${ratioAtLeast}`, ratio.median >= ratioAtLeast);
  if (atLeast !== undefined) hold(`≥ ${atLeast}`, median >= atLeast);
  if (atMost !== undefined) hold(`≤ ${atMost}`, median <= atMost);
  const digits = Math.abs(median) >= 100 ? 0 : 2;
  const verdict = bars.length === 0 ? '' : met.every(Boolean) ? 'met' : 'MISSED';
  return [
    `${what}${unit === '' ? '' : `, ${unit}`}`,
    showSpread(spreadOf(open), digits),
    showSpread(spreadOf(closed), digits),
    Number.isFinite(ratio.median) ? showSpread(ratio, 2) : '',
    bars.join(', '),
    verdict,
  ];
}
