// Who is let in over HTTP: by a link once, by its cookie, by the token, by the mode of a Unix socket; never across
// sites, and never by a foreign host name.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Asked, Guard, type Verdict } from '../../../src/app/http/guard.js';
import {
  HTTP_SESSIONS_MAX,
  LINK_WORD_MS,
  LINK_WORDS_MAX,
  WRONG_SECRETS_A_SECOND_MAX,
} from '../../../src/app/http/limits.js';

const TOKEN = 'a-token-of-scripts';
const PORT = 8080;
const HOST = '127.0.0.1:8080';

function guardAt(port: number | undefined): Guard {
  let last = 0;
  const makeSecret = (): string => {
    last += 1;
    return `secret${last}`;
  };
  return new Guard({ port, hosts: ['127.0.0.1', 'localhost'], token: TOKEN, makeSecret });
}

function asked(some: Partial<Asked>): Asked {
  const nothing = { origin: undefined, cookie: undefined, authorization: undefined, own: undefined, word: undefined };
  return { method: 'GET', host: HOST, ...nothing, ...some };
}

const statusOf = (verdict: Verdict): number | string => (verdict.kind === 'refuse' ? verdict.status : verdict.kind);
const judge = (guard: Guard, some: Partial<Asked>, nowMs = 0): number | string =>
  statusOf(guard.judge(asked(some), nowMs));

function enter(guard: Guard): string {
  const verdict = guard.judge(asked({ word: guard.newWord(0) }), 0);
  assert.equal(verdict.kind, 'enter');
  return `${guard.cookieName}=${verdict.kind === 'enter' ? verdict.cookie : ''}`;
}

test('a link opens the page once, and its cookie from then on', () => {
  const guard = guardAt(PORT);
  const word = guard.newWord(0);
  const verdict = guard.judge(asked({ word }), LINK_WORD_MS - 1);
  assert.ok(verdict.kind === 'enter');
  assert.equal(judge(guard, { word }), 401, 'a second time');
  assert.equal(judge(guard, { cookie: `other=1; ${guard.cookieName}=${verdict.cookie}` }), 'pass');
  assert.equal(judge(guard, { cookie: `${guard.cookieName}=${verdict.cookie}x` }), 401);
  assert.equal(judge(guard, {}), 401);
});

test('a link is good for a minute, and only the newest few are', () => {
  const guard = guardAt(PORT);
  assert.equal(judge(guard, { word: guard.newWord(0) }, LINK_WORD_MS), 401);
  const words = Array.from({ length: LINK_WORDS_MAX + 1 }, () => guard.newWord(0));
  assert.equal(judge(guard, { word: words[0] ?? '' }, 2_000), 401);
  assert.equal(judge(guard, { word: words[1] ?? '' }, 2_000), 'enter');
});

test('of very many browsers the first one has to open a link again', () => {
  const guard = guardAt(PORT);
  const cookies = Array.from({ length: HTTP_SESSIONS_MAX + 1 }, () => enter(guard));
  assert.equal(judge(guard, { cookie: cookies[0] ?? '' }), 401);
  assert.equal(judge(guard, { cookie: cookies[1] ?? '' }), 'pass');
});

test('a script is let in by the token, whatever the case of the scheme', () => {
  const guard = guardAt(PORT);
  for (const scheme of ['Bearer', 'bearer'])
    assert.equal(judge(guard, { authorization: `${scheme} ${TOKEN}` }), 'pass');
  for (const wrong of [`Bearer ${TOKEN}x`, TOKEN, `Basic ${TOKEN}`, 'Bearer '])
    assert.equal(judge(guard, { authorization: wrong }), 401);
});

test('what changes something needs the header of ours, from whomever it comes', () => {
  const guard = guardAt(PORT);
  const cookie = enter(guard);
  for (const who of [{ cookie }, { authorization: `Bearer ${TOKEN}` }]) {
    assert.equal(judge(guard, { ...who, method: 'POST' }), 403);
    assert.equal(judge(guard, { ...who, method: 'POST', own: '1' }), 'pass');
    assert.equal(judge(guard, { ...who, method: 'DELETE', own: 'yes' }), 403);
  }
  assert.equal(judge(guardAt(undefined), { method: 'POST' }), 403, 'over a Unix socket as well');
});

test('another site is refused even with the right cookie', () => {
  const guard = guardAt(PORT);
  const cookie = enter(guard);
  for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:3000', 'https://127.0.0.1:8080'])
    assert.equal(judge(guard, { cookie, origin, own: '1', method: 'POST' }), 403, origin);
  assert.equal(judge(guard, { cookie, origin: `http://${HOST}`, own: '1', method: 'POST' }), 'pass');
});

test('a name that was rebound to this machine is refused before anything else is looked at', () => {
  const guard = guardAt(PORT);
  const cookie = enter(guard);
  const ours = ['127.0.0.1:8080', 'localhost:8080'];
  for (const host of ours) assert.equal(judge(guard, { cookie, host }), 'pass', host);
  const foreign = fc.string().filter((host) => !ours.includes(host));
  fc.assert(fc.property(foreign, (host) => judge(guard, { cookie, host }) === 421));
  assert.equal(judge(guard, { cookie, host: undefined }), 421);
  const forwarded = guard.judge(asked({ cookie, host: 'localhost:9999' }), 0);
  assert.ok(forwarded.kind === 'refuse');
  assert.match(forwarded.sentence, /ask for http:\/\/127\.0\.0\.1:8080, .* ssh -L 8080:127\.0\.0\.1:8080$/);
});

test('over a Unix socket whoever opens it is known, by a local name', () => {
  const guard = guardAt(undefined);
  for (const host of ['localhost', 'localhost:9000', '127.0.0.1:1']) assert.equal(judge(guard, { host }), 'pass', host);
  for (const host of ['evil.example', 'localhost.evil.example', '']) assert.equal(judge(guard, { host }), 421, host);
});

test('a flood of wrong secrets is not looked at, and the browsers that are in go on', () => {
  const guard = guardAt(PORT);
  const cookie = enter(guard);
  for (let times = 0; times < WRONG_SECRETS_A_SECOND_MAX; times += 1)
    assert.equal(judge(guard, { authorization: 'Bearer wrong' }), 401);
  assert.equal(judge(guard, { authorization: `Bearer ${TOKEN}` }), 429);
  assert.equal(judge(guard, { cookie }), 'pass');
  assert.equal(judge(guard, { authorization: `Bearer ${TOKEN}` }, 1_000), 'pass', 'a second later');
});

test('whatever the headers say, nobody is let in without a secret', () => {
  const guard = guardAt(PORT);
  guard.newWord(0);
  const text = fc.option(fc.string(), { nil: undefined });
  const some = fc.record({ cookie: text, authorization: text, own: text, word: text, origin: text });
  fc.assert(fc.property(some, fc.nat(), (headers, nowMs) => typeof judge(guard, headers, nowMs) === 'number'));
});
