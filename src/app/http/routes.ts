// The routes of an endpoint: the page, the API with its document, the events, and whether it is healthy. Each answer
// says what a browser may do with it.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../foundation/base/error-codes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { printable } from '../../foundation/torrent/names.js';
import { METAINFO_BYTES_MAX } from '../../transfer/storage/limits.js';
import { inputMistake, type ShapeFault, unreadableRequest } from './input-mistakes.js';
import { EVENT_RETRY_S, HTTP_VALUE_BYTES_MAX } from './limits.js';
import type { Input, Operation } from './operations.js';
import type { PageFile } from './page-files.js';
import { answerOf, type ObjectSchema, objectOf, REFUSAL, TEXT } from './schemas.js';
import type { Served } from './served.js';

export const API = '/api/v1';
const DOCUMENT = `${API}/openapi.json`;
/** Characters of an address at which nothing is served. */
const URL_SHOWN_MAX = 200;

const HEADERS = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  INVALID_ARGUMENTS: 400,
  INVALID_MTORRENT: 400,
  INVALID_LINK: 400,
  UNSAFE_NAME: 400,
  FILE_NOT_FOUND: 404,
  MTORRENT_FILE_NOT_FOUND: 404,
  NOT_LISTED: 404,
  PERMISSION_DENIED: 403,
  NOT_ADMITTED: 403,
  UNTRUSTED: 403,
  LIMIT_REACHED: 429,
  NO_TRACKER: 503,
  NOT_RUNNING: 503,
  CANCELLED: 503,
  TIMED_OUT: 504,
  DISK_FULL: 507,
  INTERNAL: 500,
};
const TURNED_AWAY: readonly number[] = [401, 403, 404, 421, 429, 503];
/** The request was understood, and the state of things is against it. */
const CONFLICT = 409;

/** Headers, and errors as objects with a code and a sentence. @param tell gets what is a bug of ours. */
export function shapeAnswers(app: FastifyInstance, tell: (sentence: string) => void): void {
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(HEADERS)) if (!reply.hasHeader(name)) reply.header(name, value);
  });
  app.setNotFoundHandler(({ method, url }, reply) => {
    const asked = printable(`${method} ${url.slice(0, URL_SHOWN_MAX)}`);
    const see = url.startsWith(`${API}/`) ? `; GET ${DOCUMENT} lists what is` : '';
    return refuse(reply, 404, 'FILE_NOT_FOUND', `nothing is served at ${asked}${see}`);
  });
  app.setErrorHandler((error: RequestError, request, reply) => {
    if (error instanceof MiniTorrentError)
      return refuse(reply, STATUS[error.code] ?? CONFLICT, error.code, error.message);
    const { statusCode = 500 } = error;
    if (statusCode < 500) return refuse(reply, statusCode, 'INVALID_ARGUMENTS', mistakeIn(error, request));
    tell(`a request over HTTP found a bug in mtorrent, please report it: ${error.stack ?? error.message}`);
    return refuse(reply, 500, 'INTERNAL', 'this is a bug in mtorrent; its log says more');
  });
}

/** As the HTTP library raises it. */
type RequestError = Error & {
  readonly statusCode?: number;
  readonly code?: string;
  readonly validation?: readonly ShapeFault[];
};

function mistakeIn({ code, message, validation }: RequestError, { routeOptions }: FastifyRequest): string {
  const [fault] = validation ?? [];
  if (fault === undefined) return unreadableRequest(code, message);
  const { body, querystring } = (routeOptions.schema ?? {}) as Readonly<
    Record<string, Partial<ObjectSchema> | undefined>
  >;
  return inputMistake(fault, Object.keys((body ?? querystring)?.properties ?? {}), DOCUMENT);
}

export function refuse(reply: FastifyReply, status: number, code: ErrorCode, sentence: string): FastifyReply {
  // Whoever is turned away keeps no place: the next one may be somebody who is let in.
  if (TURNED_AWAY.includes(status)) reply.header('connection', 'close');
  return reply.code(status).type('application/json; charset=utf-8').send({ schema: 1, code, sentence });
}

/** Whether the process lives, and whether it does its work. Open to everybody who reaches the endpoint. */
export function addHealth(app: FastifyInstance, service: Served): void {
  const hide = { schema: { hide: true } };
  app.get('/healthz', hide, (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', hide, (_request, reply) => {
    const why = service.unready();
    return reply
      .code(why === undefined ? 200 : 503)
      .type('text/plain')
      .send(why === undefined ? 'ok\n' : `${why}\n`);
  });
}

export function addMetrics(app: FastifyInstance, service: Served): void {
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await service.metrics()),
  );
}

export function addPage(app: FastifyInstance, files: ReadonlyMap<string, PageFile>): void {
  for (const [path, { type, bytes }] of files)
    app.get(path, { schema: { hide: true } }, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-cache').send(bytes),
    );
}

const REFUSALS = { '4xx': REFUSAL, '5xx': REFUSAL };

export function addApi(app: FastifyInstance, service: Served): void {
  for (const operation of service.operations) addOperation(app, operation);
  if (service.events !== undefined) addEvents(app, service);
  if (service.drop !== undefined) addDrop(app, service.drop);
  app.get(DOCUMENT, { schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  );
}

function addOperation(app: FastifyInstance, { name, method, summary, input, answer, perform }: Operation): void {
  app.route({
    method,
    url: `${API}/${name}`,
    schema: {
      operationId: method === 'GET' ? name : `${name}Now`,
      summary,
      [method === 'GET' ? 'querystring' : 'body']: input,
      response: { 200: { description: 'done', ...answer }, ...REFUSALS },
    },
    handler: async (request, reply) =>
      reply.send(await perform((method === 'GET' ? request.query : request.body) as Input)),
  });
}

/** A stream of the objects that docs/events.schema.json describes. */
function addEvents(app: FastifyInstance, { events }: Served): void {
  const schema = {
    operationId: 'events',
    summary: 'progress, notices and ends as server-sent events, shaped as docs/events.schema.json says',
    querystring: objectOf({ progress: { enum: ['yes', 'no'], description: 'no: only notices and ends' } }, []),
    response: { 200: { description: 'a stream', content: { 'text/event-stream': { schema: TEXT } } }, ...REFUSALS },
  };
  app.get(`${API}/events`, { schema }, (request, reply) => {
    if (events?.hasRoom !== true)
      return refuse(
        reply.header('retry-after', EVENT_RETRY_S),
        503,
        'LIMIT_REACHED',
        'too many event streams are open; close some of them first',
      );
    reply.hijack();
    reply.raw.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
    reply.raw.write('retry: 1000\n\n');
    events.add(reply.raw, (request.query as { readonly progress?: string }).progress !== 'no');
    return reply;
  });
}

function addDrop(app: FastifyInstance, drop: NonNullable<Served['drop']>): void {
  const text = { type: 'string', maxLength: HTTP_VALUE_BYTES_MAX };
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.route({
    method: 'POST',
    url: `${API}/drop`,
    bodyLimit: METAINFO_BYTES_MAX,
    schema: {
      operationId: 'drop',
      summary: 'download what the .mtorrent in the body describes, sent as application/octet-stream',
      querystring: objectOf({ name: text, destination: text }, ['name']),
      response: { 200: { description: 'done', ...answerOf({ path: TEXT }) }, ...REFUSALS },
    },
    handler: async (request: FastifyRequest, reply) => {
      if (!Buffer.isBuffer(request.body))
        throw new MiniTorrentError('INVALID_ARGUMENTS', 'send the .mtorrent as application/octet-stream');
      const { name, destination } = request.query as { readonly name: string; readonly destination?: string };
      return reply.send(await drop(request.body, name, destination));
    },
  });
}
