// An endpoint that listens: HTTP at a loopback address or a Unix socket, guarded, with bounds on everything that a
// stranger on this machine could use up. Loads the packages that it needs when it is opened.

import { randomBytes } from 'node:crypto';
import { lstat, unlink } from 'node:fs/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { systemClock } from '../../foundation/base/clock.js';
import { deferred, within } from '../../foundation/base/deferred.js';
import { placeError } from '../../foundation/base/directories.js';
import { errnoOf, MiniTorrentError } from '../../foundation/base/errors.js';
import { programVersion } from '../../foundation/base/installation.js';
import { nowAndThen } from '../../foundation/base/now-and-then.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import { dial } from '../../foundation/wire/transport.js';
import type { HttpPlace } from '../settings/http-place.js';
import { Connections } from './connections.js';
import { Guard } from './guard.js';
import {
  HTTP_BODY_BYTES_MAX,
  HTTP_CONNECTIONS_OPEN_MAX,
  HTTP_FAREWELL_MS,
  HTTP_HEADER_BYTES_MAX,
  HTTP_IDLE_MS,
  HTTP_KEEP_ALIVE_MS,
  HTTP_REQUEST_DEADLINE_MS,
  HTTP_SECRET_BYTES,
  HTTP_TOKEN_BYTES,
} from './limits.js';
import { pageFiles } from './page-files.js';
import { addApi, addHealth, addMetrics, addPage, refuse, shapeAnswers } from './routes.js';
import type { Served } from './served.js';
import { tokenAt } from './token-file.js';

export interface EndpointOptions {
  readonly place: HttpPlace;
  readonly service: Served;
  /** The file of the token for scripts; used for a TCP address only. Absolute; its directory exists. */
  readonly tokenPath: string;
  /** For the log: what a person should know. */
  readonly tell: (sentence: string) => void;
}

export interface Endpoint {
  /** Where it listens, as a person names it. */
  readonly name: string;
  /** A link that opens the page once. Throws MiniTorrentError where no browser can. */
  link(): string;
  /** Idempotent. */
  close(): Promise<void>;
}

const OPEN_PATHS = ['/healthz', '/readyz'];
const SECOND_MS = 1_000;

/** Rejects with PORT_IN_USE, ADDRESS_UNUSABLE, PERMISSION_DENIED, ALREADY_RUNNING, … */
export async function openEndpoint({ place, service, tokenPath, tell }: EndpointOptions): Promise<Endpoint> {
  const app = await newServer(tell);
  const isSocket = 'path' in place;
  const token = isSocket ? secret(HTTP_TOKEN_BYTES) : await tokenAt(tokenPath, () => secret(HTTP_TOKEN_BYTES));
  let guard: Guard | undefined;
  app.addHook('onRequest', async (request, reply) => {
    // Whoever waits for an answer is not idle.
    request.raw.socket.setTimeout(0);
    if (OPEN_PATHS.includes(pathOf(request)) && guard?.isHostOurs(hostOf(request)) === true) return undefined;
    return admit(request, reply, guard, refused);
  });
  const refused = nowAndThen(SECOND_MS, tell);
  app.addHook('onSend', async (request) => void request.raw.socket.setTimeout(HTTP_IDLE_MS));
  await describe(app, service);
  addHealth(app, service);
  addMetrics(app, service);
  addPage(app, await pageFiles());
  addApi(app, service);
  const port = isSocket ? await listenAtPath(app, place.path) : await listenAt(app, place, '--http');
  const hosts = isSocket ? [] : [hostText(place), 'localhost'];
  guard = new Guard({ port, hosts, token, makeSecret: () => secret(HTTP_SECRET_BYTES) });
  const name = isSocket ? `unix:${place.path}` : `http://${hostText(place)}:${port}`;
  return {
    name,
    link: () => {
      if (isSocket || guard === undefined)
        throw new MiniTorrentError(
          'INVALID_ARGUMENTS',
          `no browser opens a Unix socket; forward a port to it, such as with: ssh -L 8080:${name.slice('unix:'.length)} <this machine>, and open http://localhost:8080/`,
        );
      return `${name}/?word=${guard.newWord(systemClock.nowMs())}`;
    },
    close: () => closeServer(app, service),
  };
}

/** Numbers and health alone, for other machines too. */
export async function openMetrics(
  address: Address,
  service: Served,
  tell: (sentence: string) => void,
): Promise<Endpoint> {
  const app = await newServer(tell);
  addHealth(app, service);
  addMetrics(app, service);
  const port = await listenAt(app, address, '--metrics');
  return {
    name: `http://${hostText(address)}:${port}/metrics`,
    link: () => {
      throw new MiniTorrentError('NOT_RUNNING', 'only numbers are served there; start it with --http');
    },
    close: () => closeServer(app, service),
  };
}

async function newServer(tell: (sentence: string) => void): Promise<FastifyInstance> {
  const { fastify } = await import('./fastify.js');
  const app = fastify({
    bodyLimit: HTTP_BODY_BYTES_MAX,
    requestTimeout: HTTP_REQUEST_DEADLINE_MS,
    connectionTimeout: HTTP_IDLE_MS,
    keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
    http: { maxHeaderSize: HTTP_HEADER_BYTES_MAX, headersTimeout: HTTP_REQUEST_DEADLINE_MS },
    forceCloseConnections: true,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // A value of another kind is refused, not made to fit.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true } },
  });
  keepRoom(app);
  app.removeContentTypeParser('text/plain');
  // Answers are written by their owners; the schemas document them, and a test compares both.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.addHook('preValidation', async (request) => {
    // What takes no arguments needs no body.
    if (request.method === 'POST' && request.body === undefined) request.body = {};
  });
  shapeAnswers(app, tell);
  return app;
}

/** Bounds the connections. */
function keepRoom(app: FastifyInstance): void {
  const connections = new Connections();
  app.server.maxConnections = HTTP_CONNECTIONS_OPEN_MAX;
  app.server.on('connection', (socket) => connections.opened(socket));
  app.addHook('onRequest', async ({ raw }) => connections.asked(raw.socket));
  app.addHook('onResponse', async ({ raw }) => connections.answered(raw.socket));
}

async function describe(app: FastifyInstance, { title }: Served): Promise<void> {
  const { swagger } = await import('./fastify.js');
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        version: programVersion(),
        description:
          'Bytes and pieces are whole numbers, rates are bytes a second. Whatever changes something is a POST with the header x-mtorrent: 1.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  });
}

/** Undefined when the request may go on. */
async function admit(
  request: FastifyRequest,
  reply: Parameters<typeof refuse>[0],
  guard: Guard | undefined,
  tell: (sentence: string) => void,
): Promise<unknown> {
  if (guard === undefined) return refuse(reply, 503, 'NOT_RUNNING', 'it is starting; try again');
  const { headers, method } = request;
  const query = request.query as { readonly word?: unknown };
  const verdict = guard.judge(
    {
      method,
      host: hostOf(request),
      origin: headers.origin,
      cookie: headers.cookie,
      authorization: headers.authorization,
      own: String(headers['x-mtorrent'] ?? ''),
      word: pathOf(request) === '/' && typeof query.word === 'string' ? query.word : undefined,
    },
    systemClock.nowMs(),
  );
  if (verdict.kind === 'refuse') {
    if (verdict.isAttempt) tell(`a request over HTTP was refused: ${verdict.sentence}`);
    return refuse(reply, verdict.status, 'PERMISSION_DENIED', verdict.sentence);
  }
  const isLink = pathOf(request) === '/' && query.word !== undefined;
  if (verdict.kind === 'enter')
    reply.header('set-cookie', `${guard.cookieName}=${verdict.cookie}; HttpOnly; SameSite=Strict; Path=/`);
  // From a page of ours, so that a strict cookie is sent with the next request, and without the word.
  if (isLink) return reply.type('text/html; charset=utf-8').send(ENTER);
  return undefined;
}

const ENTER = '<!doctype html><title>Mini-Torrent</title><meta http-equiv="refresh" content="0;url=/">';

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

/** The header itself, whatever a proxy adds. */
function hostOf({ headers }: FastifyRequest): string | undefined {
  return headers.host;
}

function hostText({ host }: Address): string {
  return host.includes(':') ? `[${host}]` : host;
}

function secret(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** Answers the port. @param flag names another address. */
async function listenAt(app: FastifyInstance, address: Address, flag: string): Promise<number> {
  try {
    await app.listen({ host: address.host, port: address.port });
  } catch (error) {
    const errno = errnoOf(error);
    const where = formatAddress(address);
    if (errno === 'EADDRINUSE')
      throw new MiniTorrentError(
        'PORT_IN_USE',
        `another program listens at ${where}; choose another port with ${flag}`,
      );
    if (errno === 'EADDRNOTAVAIL')
      throw new MiniTorrentError('ADDRESS_UNUSABLE', `${where} is not an address of this machine; see ${flag}`);
    throw placeError(error, where, flag);
  }
  const bound = app.server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : address.port;
}

async function listenAtPath(app: FastifyInstance, path: string): Promise<undefined> {
  try {
    await removeStale(path);
    // What another thread creates at that moment is for this user alone as well.
    const mask = process.umask(0o177);
    let listening: Promise<string>;
    try {
      listening = app.listen({ path });
    } finally {
      process.umask(mask);
    }
    await listening;
    return undefined;
  } catch (error) {
    throw placeError(error, printable(path), '--http');
  }
}

/** Removes the socket of a process that has ended. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new MiniTorrentError('ALREADY_EXISTS', `${printable(path)} exists and is no socket; see --http`);
  const answer = deferred<boolean>();
  const socket = dial({ path });
  socket.on('connect', () => answer.resolve(true));
  socket.on('error', () => answer.resolve(false));
  const isUsed = await within(answer.promise, HTTP_FAREWELL_MS, () => true);
  socket.destroy();
  if (isUsed) throw new MiniTorrentError('ALREADY_RUNNING', `another process serves ${printable(path)}; see --http`);
  await unlink(path);
}

async function closeServer(app: FastifyInstance, { events }: Served): Promise<void> {
  events?.close();
  await within<unknown>(app.close(), HTTP_FAREWELL_MS, () => undefined);
}
