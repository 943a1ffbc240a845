// The verbs that show a swarm as a whole: which peer has which pieces of a file, and who was asked for what. Pure.

import { clientFile } from './arguments.js';
import { mapJson, mapLines } from './map-lines.js';
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
