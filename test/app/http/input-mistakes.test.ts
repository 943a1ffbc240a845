// What is said of a request whose shape does not fit: the property, what belongs there, and where it is described.

import assert from 'node:assert/strict';
import test from 'node:test';
import { inputMistake, unreadableRequest } from '../../../src/app/http/input-mistakes.js';

const KNOWN = ['mtorrentPath', 'destination', 'only'];
const said = (keyword: string, instancePath: string, params: Readonly<Record<string, unknown>>): string =>
  inputMistake({ keyword, instancePath, params, message: 'must be string' }, KNOWN, '/openapi.json');

test('the property that is wrong is named, with what belongs there', () => {
  const see = '; GET /openapi.json describes it';
  const cases: readonly (readonly [string, string])[] = [
    [said('required', '', { missingProperty: 'destination' }), `destination is missing${see}`],
    [
      said('additionalProperties', '', { additionalProperty: 'mtorentPath' }),
      `this request has no "mtorentPath"; did you mean mtorrentPath?${see}`,
    ],
    [said('additionalProperties', '', { additionalProperty: 'x' }), `this request has no "x"${see}`],
    [said('enum', '/direction', { allowedValues: ['up', 'down'] }), 'direction is not one of up, down'],
    [said('maxLength', '/name', { limit: 4096 }), `name has more than 4096 characters${see}`],
    [said('type', '/name', { type: 'string' }), `name must be string${see}`],
    [said('type', '', { type: 'object' }), `send one object as JSON${see}`],
  ];
  for (const [sentence, expected] of cases) assert.equal(sentence, expected);
  assert.ok(said('additionalProperties', '', { additionalProperty: 'y'.repeat(9_000) }).length < 200);
});

test('a body that cannot be read is told what to send', () => {
  for (const code of ['INVALID_JSON_BODY', 'EMPTY_JSON_BODY', 'INVALID_MEDIA_TYPE', 'BODY_TOO_LARGE'])
    assert.match(unreadableRequest(`FST_ERR_CTP_${code}`, ''), /^the body is .*; send /);
  assert.equal(unreadableRequest(undefined, 'as it is'), 'as it is');
});
