// The verbs that show a swarm as a whole: which peer has which pieces of a file, who was asked for what, and how well
// all of them did. Pure.

import { clientFile } from './arguments.js';
import { mapJson, mapLines } from './map-lines.js';
import { reportJson, reportLines } from './report-lines.js';
import { table } from './results.js';
import { form, type Verb } from './verb.js';

export const MAP: Verb = {
  name: 'map',
  examples: ['map disk.img'],
  shell: { summary: 'show which peers have which pieces of a file', examples: ['map disk.img'] },
  forms: [
    form({
      takes: { name: clientFile('<name>') },
      purpose: 'its pieces here and at each peer',
      isQuestion: true,
      ask: (client, { name }) => client.map(name),
      show: (map, _, ascii) => table(mapLines(map, ascii), '', map.peers.length),
    }),
    form({
      takes: { name: clientFile('<name>') },
      flag: { name: 'json', purpose: 'as one JSON object' },
      purpose: 'the same as one JSON object',
      isQuestion: true,
      ask: (client, { name }) => client.map(name),
      show: (map) => ({ kind: 'json', json: mapJson(map) }),
    }),
  ],
};

/** The shell has a command of its own for it, which needs no client (app/cli/trackers/report.ts). */
export const REPORT: Verb = {
  name: 'report',
  examples: ['report disk.img'],
  forms: [
    form({
      takes: { name: clientFile('<name>') },
      purpose: 'how long its swarm took, and who sent what',
      isQuestion: true,
      ask: (client, { name }) => client.report(name),
      show: (report) => table(reportLines(report), '', report.members),
    }),
    form({
      takes: { name: clientFile('<name>') },
      flag: { name: 'json', purpose: 'as one JSON object' },
      purpose: 'the same as one JSON object',
      isQuestion: true,
      ask: (client, { name }) => client.report(name),
      show: (report) => ({ kind: 'json', json: reportJson(report) }),
    }),
  ],
};
