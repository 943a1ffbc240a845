// The HTTP endpoint: every operation of its document called and held against its schema, whatever a hostile page or
// program on this machine may send, and the numbers as Prometheus reads them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { type Endpoint, openEndpoint } from '../../src/app/http/endpoint.js';
import {
  EVENT_STREAMS_MAX,
  HTTP_BODY_BYTES_MAX,
  HTTP_CONNECTIONS_MAX,
  HTTP_HEADER_BYTES_MAX,
  READY_BEHIND_CHANGES_MAX,
} from '../../src/app/http/limits.js';
import { ServedClient } from '../../src/app/http/served-client.js';
import { ServedTracker } from '../../src/app/http/served-tracker.js';
import type { SwarmClient } from '../../src/app/library/swarm-client.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { startDaemon } from '../support/daemon-stage.js';
import { eventually, stageSwarm, startClientHere, startTrackerHere } from '../support/e2e-stage.js';
import { ask, type HttpAnswer } from '../support/http-requests.js';
import { mismatches } from '../support/json-schema.js';
import { hasTool } from '../support/needs.js';

const noSeeders = async () => ({ rows: [], total: 0 });
const MONITORING = new URL('../../../docs/monitoring/', import.meta.url);

interface Stage {
  readonly swarm: Swarm;
  readonly client: SwarmClient;
  readonly endpoint: Endpoint;
  readonly port: number;
  readonly token: string;
  /** With the token and the header of ours. */
  readonly headers: Readonly<Record<string, string>>;
  readonly told: string[];
}

async function stage(t: TestContext): Promise<Stage> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const client = await startClientHere(swarm, 'served');
  const [told, tokenPath] = [[] as string[], swarm.path('http-token')];
  const service = new ServedClient({ downloadDir: swarm.path('down'), dropDir: swarm.path('dropped') });
  await mkdir(swarm.path('down'));
  service.serve(client);
  const place = { host: '127.0.0.1', port: 0 };
  const endpoint = await openEndpoint({ place, service, tokenPath, tell: (sentence) => told.push(sentence) });
  t.after(() => endpoint.close());
  const token = (await readFile(tokenPath, 'utf8')).trim();
  const headers = { authorization: `Bearer ${token}`, 'x-mtorrent': '1', 'content-type': 'application/json' };
  return { swarm, client, endpoint, port: Number(new URL(endpoint.name).port), token, headers, told };
}

type Schema = Readonly<Record<string, unknown>>;
interface Described {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { schema: Schema }>> }>>;
}
type Paths = Readonly<Record<string, Readonly<Record<'get' | 'post', Described>>>>;

test('every operation of the API can be called, and answers as its document says', async (t) => {
  const { swarm, port, headers } = await stage(t);
  await writeFile(swarm.path('a.img'), randomBytes(1_000_000));
  const document = (await ask({ port }, '/api/v1/openapi.json', { headers })).json<{ paths: Paths }>();
  const name = encodeURIComponent(swarm.path('a.img'));
  const query: Readonly<Record<string, string>> = {
    peers: `?name=${name}`,
    pieces: `?name=${name}`,
    link: `?name=${name}`,
    map: `?name=${name}`,
    report: `?name=${name}`,
    list: '?text=a',
  };
  const bodies: readonly (readonly [string, object, number?])[] = [
    ['share', { path: swarm.path('a.img'), mtorrentPath: swarm.path('a.mtorrent') }],
    ['get', { mtorrentPath: swarm.path('a.mtorrent'), destination: swarm.path('b.img') }, 409],
    ['limit', { direction: 'up', rate: '10M' }],
    ['limit', { direction: 'down', rate: 0 }],
    ['verify', { name: 'a.img' }],
    ['reannounce', {}],
    ['pause', { name: 'a.img' }, 400],
    ['resume', { name: 'a.img' }, 400],
    ['retrack', { old: '192.0.2.1:1', new: '192.0.2.2:2', dryRun: true }, 404],
    ['relocate', { name: 'a.img', path: swarm.path('nowhere.img') }, 404],
    ['log', { level: 'debug' }],
    ['invite', {}],
    ['top', { name: 'a.img' }, 400],
    ['bottom', { name: 'a.img' }, 400],
    ['web', {}, 503],
  ];
  const called = new Set<string>();
  const check = (path: string, method: 'get' | 'post', answer: HttpAnswer, status: number): void => {
    assert.equal(answer.status, status, `${path}: ${answer.text}`);
    const { responses } = document.paths[path]?.[method] ?? assert.fail(`${method} ${path} is described`);
    const described = responses[String(status)] ?? responses[status < 500 ? '4XX' : '5XX'];
    const schema = described?.content['application/json']?.schema ?? assert.fail(`${path} ${status} is described`);
    assert.deepEqual(mismatches(answer.json(), schema), [], path);
    called.add(`${method} ${path}`);
  };
  const post = async ([verb, body, status = 200]: readonly [string, object, number?]): Promise<void> => {
    const path = `/api/v1/${verb}`;
    check(path, 'post', await ask({ port }, path, { method: 'POST', headers, body: JSON.stringify(body) }), status);
  };
  for (const each of bodies) await post(each);
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (get === undefined || path.endsWith('/events')) continue;
    const answer = await ask({ port }, path + (query[path.slice('/api/v1/'.length)] ?? ''), { headers });
    check(path, 'get', answer, 200);
  }
  const body = await readFile(swarm.path('a.mtorrent'));
  await post(['remove', { name: swarm.path('a.img') }]);
  const dropHeaders = { ...headers, 'content-type': 'application/octet-stream' };
  check(
    '/api/v1/drop',
    'post',
    await ask({ port }, '/api/v1/drop?name=a.mtorrent', { method: 'POST', headers: dropHeaders, body }),
    200,
  );
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  assert.deepEqual(
    all.filter((each) => !called.has(each)),
    ['get /api/v1/events'],
  );
});

test('events are the objects of --json, and no more than a few streams are held', async (t) => {
  const { swarm, port, headers, client } = await stage(t);
  const schema = JSON.parse(
    await readFile(new URL('../../../docs/events.schema.json', import.meta.url), 'utf8'),
  ) as Schema;
  const open = async () => {
    const asked = request({ host: '127.0.0.1', port, path: '/api/v1/events', headers, agent: false });
    asked.on('error', () => undefined);
    asked.end();
    const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
    t.after(() => response.destroy());
    return response;
  };
  const first = await open();
  assert.equal(first.headers['content-type'], 'text/event-stream; charset=utf-8');
  let text = '';
  first.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const others = await Promise.all(Array.from({ length: EVENT_STREAMS_MAX - 1 }, open));
  assert.ok(others.every(({ statusCode }) => statusCode === 200));
  const refused = await open();
  assert.equal(refused.statusCode, 503);
  assert.deepEqual([refused.headers['retry-after'], refused.headers.connection], ['5', 'close']);
  // A download that nobody serves is told of all the same.
  const mtorrent = swarm.path('c.mtorrent');
  await writeFile(swarm.path('c.img'), randomBytes(600_000));
  await client.share(swarm.path('c.img'), mtorrent);
  const bytes = await readFile(mtorrent);
  await client.remove('c.mtorrent');
  await writeFile(mtorrent, bytes);
  await client.get(mtorrent, swarm.path('down/'));
  await eventually(
    () => text,
    (heard) => heard.includes('"event":"progress"'),
    'progress is told',
  );
  // What is not yet here whole says nothing.
  const rows = [...text.slice(0, text.lastIndexOf('\n') + 1).matchAll(/^data: (.*)$/gm)].map(
    ([, row = '']) => JSON.parse(row) as object,
  );
  for (const row of rows) assert.deepEqual(mismatches(row, schema), []);
  for (const each of others) each.destroy();
  await eventually(open, ({ statusCode }) => statusCode === 200, 'there is room again');
});

test('a page of another site, a rebound name and a path out of the page reach nothing', async (t) => {
  const { endpoint, port, headers, told } = await stage(t);
  const entered = await ask({ port }, new URL(endpoint.link()).pathname + new URL(endpoint.link()).search);
  const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
  assert.match(String(entered.headers['set-cookie']), /; HttpOnly; SameSite=Strict; Path=\/$/);
  const body = JSON.stringify({ direction: 'up', rate: 'off' });
  const json = { 'content-type': 'application/json' };
  const change = (more: Readonly<Record<string, string>>): Promise<HttpAnswer> =>
    ask({ port }, '/api/v1/limit', { method: 'POST', headers: { ...json, cookie, ...more }, body });
  assert.equal((await change({ 'x-mtorrent': '1' })).status, 200);
  assert.equal((await change({})).status, 403, 'a form cannot send our header');
  assert.equal((await change({ 'x-mtorrent': '1', origin: 'http://evil.example' })).status, 403);
  assert.equal((await change({ 'x-mtorrent': '1', host: `evil.example:${port}` })).status, 421);
  assert.equal((await ask({ port }, '/healthz', { headers: { host: 'evil.example' } })).status, 421);
  const preflight = await ask({ port }, '/api/v1/limit', {
    method: 'OPTIONS',
    headers: { origin: 'http://evil.example', 'access-control-request-headers': 'x-mtorrent' },
  });
  assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  const outside = ['/../package.json', '/%2e%2e/package.json', '/..%2fpackage.json', '//etc/passwd', '/%00', '/%zz'];
  for (const path of outside) {
    const { status, text } = await ask({ port }, path, { headers });
    assert.ok(status >= 400 && status < 500 && !text.includes('mini-torrent'), `${path}: ${status} ${text}`);
  }
  assert.deepEqual(
    told.filter((sentence) => sentence.includes('bug')),
    [],
  );
});

test('bodies, headers and values that no client sends are refused, and the endpoint goes on', async (t) => {
  const { port, headers, told } = await stage(t);
  const post = (path: string, body: string | Buffer, more: Readonly<Record<string, string>> = {}) =>
    ask({ port }, `/api/v1/${path}`, { method: 'POST', headers: { ...headers, ...more }, body });
  const bad: readonly (readonly [string, string | Buffer, Readonly<Record<string, string>>?])[] = [
    ['pause', '{'],
    ['pause', '[]'],
    ['pause', 'null'],
    ['pause', '{"name":7}'],
    ['pause', '{"name":"a","force":true}'],
    ['pause', '{"__proto__":{"name":"a"}}'],
    ['pause', '{"name":"a\\u0000b"}'],
    ['pause', '{"name":"\\ud800"}'],
    ['pause', 'name=a', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['pause', 'name=a', { 'content-type': 'text/plain' }],
    ['share', '{"path":"relative","mtorrentPath":"/tmp/x"}'],
    ['limit', '{"direction":"up","rate":"fast"}'],
    ['limit', '{"direction":"sideways","rate":"1M"}'],
    ['get', JSON.stringify({ mtorrentPath: '/a', destination: '/b', only: Array(10_000).fill('x') })],
    ['pause', JSON.stringify({ name: 'x'.repeat(HTTP_BODY_BYTES_MAX) })],
    ['drop?name=..%2fx', Buffer.from('x'), { 'content-type': 'application/octet-stream' }],
    ['drop?name=x', Buffer.from('no mtorrent'), { 'content-type': 'application/octet-stream' }],
  ];
  for (const [path, body, more] of bad) {
    const { status, text } = await post(path, body, more);
    assert.ok(status >= 400 && status < 500, `${path} ${String(body).slice(0, 60)}: ${status} ${text}`);
    assert.equal((JSON.parse(text) as { schema: number }).schema, 1, text);
  }
  const large = await ask({ port }, '/healthz', { headers: { 'x-large': 'x'.repeat(HTTP_HEADER_BYTES_MAX) } });
  assert.equal(large.status, 431);
  for (const noise of ['\0\0\0\0', 'GET / HTTP/9.9\r\n\r\n', `GET ${'/'.repeat(70_000)}`]) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(noise, 'latin1');
    socket.resume();
    await once(socket, 'close');
  }
  assert.equal((await ask({ port }, '/healthz')).text, 'ok\n');
  assert.deepEqual(
    told.filter((sentence) => sentence.includes('bug')),
    [],
  );
});

test('thousands of connections leave the endpoint alive, and the token lets in nobody who lacks a letter of it', async (t) => {
  const { port, token, told } = await stage(t);
  const sockets = Array.from({ length: HTTP_CONNECTIONS_MAX * 4 }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    // Half of a request, for ever.
    socket.write('GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1');
    return socket;
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await eventually(
    () => sockets.filter(({ closed, destroyed }) => closed || destroyed).length,
    (count) => count >= HTTP_CONNECTIONS_MAX * 2,
    'what is too much is dropped',
  );
  assert.ok(sockets.some(({ closed, destroyed }) => !closed && !destroyed));
  // The others are still there.
  assert.equal((await ask({ port }, '/healthz')).status, 200);
  const [toldBefore, fromMs] = [told.length, performance.now()];
  for (let times = 0; times < 30; times += 1) {
    const headers = { authorization: `Bearer ${token.slice(0, -1)}` };
    const { status } = await ask({ port }, '/api/v1/about', { headers });
    assert.ok(status === 401 || status === 429);
  }
  const seconds = (performance.now() - fromMs) / 1_000;
  assert.ok(told.length - toldBefore <= 1 + Math.ceil(seconds), 'wrong attempts are told once a second at most');
});

test('a daemon serves where it was told to, web prints a link that works once, and its token is private', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const [socketPath, http] = [swarm.path('h.sock'), '127.0.0.1:0'];
  const daemon = await startDaemon(swarm, ['--http', http, '--metrics', '127.0.0.1:0']);
  const [page, metrics] = [...daemon.stderr.matchAll(/HTTP is served at http:\/\/127\.0\.0\.1:(\d+)/g)].map(
    ([, port]) => Number(port),
  );
  assert.ok(page !== undefined && metrics !== undefined, daemon.stderr);
  const tokenPath = /the token for scripts is in (.*)/.exec(daemon.stderr)?.[1] ?? '';
  assert.equal((await stat(tokenPath)).mode & 0o777, 0o600);
  const printed = await runProgram(['web', '--socket', swarm.path('run/client.sock')], swarm.directory);
  const link = new URL(printed.stdout.trim());
  assert.equal((await ask({ port: page }, link.pathname + link.search)).status, 200);
  assert.equal((await ask({ port: page }, link.pathname + link.search)).status, 401);
  assert.equal((await ask({ port: metrics }, '/metrics')).status, 200);
  assert.equal((await ask({ port: metrics }, '/api/v1/about')).status, 404, 'numbers only');
  assert.equal((await ask({ port: metrics }, '/readyz')).text, 'ok\n');
  const elsewhere = await runProgram(['daemon', '--http', '192.0.2.1:8080', '--socket', socketPath], swarm.directory);
  assert.equal(elsewhere.code, 2);
  assert.match(elsewhere.stderr, /ssh -L 8080:127\.0\.0\.1:8080/);
});

test('numbers of a client and a tracker are as Prometheus wants them, and name no file', async (t) => {
  const { swarm, port, headers, client } = await stage(t);
  await writeFile(swarm.path('secret-name.img'), randomBytes(1_000));
  await client.share(swarm.path('secret-name.img'), swarm.path('s.mtorrent'));
  const ofClient = (await ask({ port }, '/metrics', { headers })).text;
  const partner = { following: true, followedBy: true, behindChanges: 0, lagChanges: 0, lagMs: 5, digestEqual: true };
  const counts = ['swarms', 'liveEntries', 'connections', 'refusedConnections', 'expiredClients', 'freezes'];
  const stored = ['storeCommits', 'storeFailures', 'storeLastMs', 'storeBacklog', 'logBytes', 'lostLogLines'];
  const zeros = Object.fromEntries([...counts, ...stored].map((each) => [each, 0]));
  const own = formatAddress(swarm.trackers[0]);
  const handshakes = { begun: 12, finished: 10, forNobody: 1 };
  const requests = { requests: 3, announces: 2, summaries: 1, pings: 0 };
  const statistics = { own, uptimeMs: 5, rssBytes: 1, ...requests, ...zeros, partner, handshakes };
  const tracker = new ServedTracker({ statistics: () => statistics, list: async () => [], seeders: noSeeders });
  const ofTracker = await tracker.metrics();
  assert.match(ofClient, /^mtorrent_files\{state="seeding"\} 1$/m);
  assert.match(ofTracker, /^mtorrent_tracker_requests_total 3$/m);
  assert.match(ofTracker, /^mtorrent_tracker_handshakes_begun_total 12$/m);
  assert.match(ofTracker, /^mtorrent_tracker_handshakes_finished_total 10$/m);
  assert.match(ofTracker, /^mtorrent_tracker_handshakes_for_nobody_total 1$/m);
  assert.match(ofTracker, /^mtorrent_tracker_announces_total 2$/m);
  assert.ok(!ofClient.includes('secret'));
  for (const file of ['grafana.json', 'alerts.yml']) {
    const text = await readFile(new URL(file, MONITORING), 'utf8');
    const names = [...text.matchAll(/\b(?:mtorrent|process)_\w+/g)].map(([each]) => each);
    assert.ok(names.length > 5);
    for (const each of names) assert.match(ofClient + ofTracker, new RegExp(`^${each}[ {]`, 'm'), file);
  }
  if (!hasTool(t, 'promtool')) return;
  for (const input of [ofClient, ofTracker]) {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    assert.equal(`${status} ${stdout}${stderr}`.trim(), '0');
  }
  const rules = new URL('alerts.yml', MONITORING).pathname;
  const { status, stderr } = spawnSync('promtool', ['check', 'rules', rules], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('a tracker is ready only while its list is as complete as that of its partner', () => {
  const sync = { isReady: true, isAlone: false, following: true, behindChanges: 0, digestEqual: true };
  const unready = (change: object): string | undefined =>
    new ServedTracker({
      statistics: () => ({ partner: { ...sync, ...change } }),
      list: async () => [],
      seeders: noSeeders,
    }).unready();
  assert.equal(unready({}), undefined);
  assert.match(unready({ isReady: false }) ?? '', /catching up/);
  assert.match(unready({ isAlone: true }) ?? '', /out of date/);
  // Those are on their way.
  assert.equal(unready({ behindChanges: READY_BEHIND_CHANGES_MAX }), undefined);
  const lack = READY_BEHIND_CHANGES_MAX + 1;
  assert.match(unready({ behindChanges: lack }) ?? '', new RegExp(`lacks ${lack} changes`));
  assert.match(unready({ digestEqual: false }) ?? '', /differ/);
  // A partner that is away takes nothing with it.
  assert.equal(unready({ following: false, behindChanges: null, digestEqual: null }), undefined);
});
