// How the swarm of a file did: how long it took, what each member sent, and how far that is from what the links allow.
// Asked for by a person, since it is the trackers that are asked.

import { ask } from './api.js';
import { counted, formatBytes, formatSeconds } from './figures.js';
import { useState } from './preact.js';
import type { ReportRow } from './rows.js';

const LINKS = { in: 'into one member', out: 'out of the sources', all: 'of all together' } as const;

export function ReportPanel({ name }: { readonly name: string }) {
  const [report, setReport] = useState<ReportRow>();
  const [told, setTold] = useState('Asks the trackers what each member sent, and how long it took.');
  const [isBusy, setIsBusy] = useState(false);
  const look = async (): Promise<void> => {
    if (isBusy) return;
    setIsBusy(true);
    try {
      setReport(await ask<ReportRow>('report', { name }));
      setTold('');
    } catch (error) {
      setTold((error as Error).message);
    }
    setIsBusy(false);
  };
  return (
    <section class="report" aria-labelledby="report">
      <h3 id="report">
        Swarm report
        <button type="button" aria-disabled={isBusy} onClick={() => void look()}>
          {isBusy ? 'Asking…' : 'Ask now'}
        </button>
      </h3>
      {told !== '' && <p class="hint">{told}</p>}
      {report !== undefined && <Report report={report} />}
    </section>
  );
}

function Report({ report }: { readonly report: ReportRow }) {
  const { members, rows, silent, unexplained } = report;
  if (members === 0 && rows.length === 0) return <p class="hint">Nobody has told of a download within a day.</p>;
  return (
    <>
      <Totals report={report} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it */}
      <section class="scroll" aria-label="Members of the swarm" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">member</th>
              <th scope="col">took</th>
              <th scope="col">copies sent</th>
              <th scope="col">wasted</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ address, role, tookMs, copies, wasted }) => (
              <tr key={address}>
                <td>{address}</td>
                <td>
                  {role === 'source' ? 'source' : `${formatSeconds(tookMs)}${role === 'done' ? '' : `, ${role}`}`}
                </td>
                <td>{copies.toFixed(2)}</td>
                <td>{formatBytes(wasted)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {unexplained > 0 && <p class="hint">{formatBytes(unexplained)} came from members that have not told of it.</p>}
      {silent > 0 && (
        <p class="hint">
          {counted(silent, 'client')} told nothing: no byte was moved, or the release is an earlier one.
        </p>
      )}
    </>
  );
}

function Totals({ report }: { readonly report: ReportRow }) {
  const { members, finished, running, makespanMs, p50Ms, p99Ms, received, wasted, copies, bound } = report;
  const after = (ms: number | null): string => (ms === null ? 'not yet' : formatSeconds(ms));
  const waste = received === 0 ? 0 : (wasted / received) * 100;
  const pairs: readonly (readonly [string, string])[] = [
    ['done', `${finished} of ${members}`],
    [running > 0 ? 'so far' : 'makespan', formatSeconds(makespanMs)],
    ['half after', after(p50Ms)],
    ['99 % after', after(p99Ms)],
    ['wasted', `${formatBytes(wasted)} (${waste.toFixed(1)} %)`],
    ['sent in all', `${copies.toFixed(2)} copies`],
    ...(bound === null
      ? []
      : [['bound of the slowest link', `at least ${bound.distance.toFixed(2)} × ${LINKS[bound.by]}`] as const]),
  ];
  return (
    <dl class="totals">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
