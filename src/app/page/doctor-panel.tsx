// What is wrong or slow, and what to do about it; asked for by a person, since a look takes the client some work.

import { ask } from './api.js';
import { useState } from './preact.js';
import type { FindingRow } from './rows.js';

const WORDS = { fine: 'ok', note: 'note', bad: 'bad' } as const;

export function DoctorPanel() {
  const [findings, setFindings] = useState<readonly FindingRow[]>();
  const [told, setTold] = useState('Looks for faults, and for what limits the running downloads.');
  const [isBusy, setIsBusy] = useState(false);
  const look = async (): Promise<void> => {
    if (isBusy) return;
    setIsBusy(true);
    try {
      const { findings: found } = await ask<{ readonly findings: readonly FindingRow[] }>('doctor');
      setFindings(found);
      setTold(found.length === 0 ? 'Nothing to report.' : '');
    } catch (error) {
      setTold((error as Error).message);
    }
    setIsBusy(false);
  };
  return (
    <section class="card" aria-labelledby="doctor">
      <h2 id="doctor">
        Doctor
        <button type="button" aria-disabled={isBusy} onClick={() => void look()}>
          {isBusy ? 'Looking…' : 'Look now'}
        </button>
      </h2>
      {told !== '' && <p class="hint">{told}</p>}
      <ul class="rows findings">
        {findings?.map(({ severity, subject, found, remedy }) => (
          <li key={`${subject} ${found}`}>
            <span class={`state ${severity}`}>{WORDS[severity]}</span> <b>{subject}</b>: {found}
            {remedy !== '' && <p class="remedy">{remedy}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
