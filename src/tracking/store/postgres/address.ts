// The address of a database as a person writes it: `postgres://user@host1,host2:5433/database?sslmode=…`. Node's URL
// refuses lists of hosts, so it is read here. A password in it is refused, because every user of the machine can read
// the arguments of a process. Pure.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { printable } from '../../../foundation/torrent/names.js';
import { DATABASE_HOSTS_MAX } from './limits.js';

export interface DatabaseHost {
  /** A name, a numeric address, or a directory with a Unix socket. */
  readonly host: string;
  readonly port: number;
}

export const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

export interface DatabaseAddress {
  /** At least one; tried in this order. */
  readonly hosts: readonly DatabaseHost[];
  readonly user: string;
  readonly database: string;
  readonly sslmode: SslMode;
  /** Path of the certificates that are believed; absent: those that Node believes. */
  readonly sslrootcert?: string | undefined;
  readonly applicationName: string;
}

const DEFAULT_PORT = 5432;
const PARAMETERS = new Set(['sslmode', 'sslrootcert', 'application_name', 'host', 'port']);

export function isDatabaseAddress(text: string): boolean {
  return /^postgres(ql)?:/i.test(text);
}

/** Throws MiniTorrentError, INVALID_ARGUMENTS. */
export function parseDatabaseAddress(text: string): DatabaseAddress {
  const match = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(text);
  if (match === null) throw invalid('it is not postgres://user@host:port/database');
  const [, account = '', hosts = '', database = '', query = ''] = match;
  if (account.includes(':')) throw passwordRefused();
  const parameters = parametersOf(query);
  const user = decoded(account, 'the user');
  if (user === '') throw invalid('it names no user; write postgres://user@host/database');
  const sslmode = parameters.get('sslmode') ?? 'prefer';
  if (!isSslMode(sslmode)) throw invalid(`sslmode is one of ${SSL_MODES.join(', ')}`);
  return {
    hosts: hostsOf(parameters.get('host') ?? hosts, parameters.get('port')),
    user,
    database: decoded(database, 'the database') || user,
    sslmode,
    sslrootcert: parameters.get('sslrootcert'),
    applicationName: parameters.get('application_name') ?? 'mtorrent',
  };
}

/** For people and logs: no password is in it. */
export function formatHost({ host, port }: DatabaseHost): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function hostsOf(text: string, ports: string | undefined): readonly DatabaseHost[] {
  const parts = text.split(',');
  if (parts.length > DATABASE_HOSTS_MAX) throw invalid(`it names more than ${DATABASE_HOSTS_MAX} hosts`);
  const given = ports?.split(',') ?? [];
  if (given.length > 1 && given.length !== parts.length) throw invalid('it names other numbers of hosts and of ports');
  return parts.map((part, at) => hostOf(part, given[at] ?? given[0]));
}

function hostOf(text: string, port: string | undefined): DatabaseHost {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) throw invalid(`"${printable(text)}" is not host or host:port`);
  const host = match[1] ?? decoded(match[2] ?? '', 'a host');
  const number = Number(match[3] ?? port ?? DEFAULT_PORT);
  if (host === '') throw invalid('it names no host');
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw invalid('a port is 1 to 65535');
  return { host, port: number };
}

function parametersOf(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const name = decoded(at < 0 ? part : part.slice(0, at), 'a parameter');
    if (name === 'password') throw passwordRefused();
    if (!PARAMETERS.has(name))
      throw invalid(`it has the parameter ${printable(name)}; known are ${[...PARAMETERS].join(', ')}`);
    parameters.set(name, decoded(at < 0 ? '' : part.slice(at + 1), name));
  }
  return parameters;
}

function decoded(text: string, what: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw invalid(`${what} in it has a wrong % sequence`);
    throw error;
  }
  if (plain.includes('\0')) throw invalid(`${what} in it has a zero byte`);
  return plain;
}

function isSslMode(text: string): text is SslMode {
  return (SSL_MODES as readonly string[]).includes(text);
}

function passwordRefused(): MiniTorrentError {
  const sentence =
    'the address of the database has a password, which every user of this machine could read; put it in the file that PGPASSFILE names, or in PGPASSWORD';
  return new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

function invalid(why: string): MiniTorrentError {
  return new MiniTorrentError('INVALID_ARGUMENTS', `the address of the database cannot be used: ${why}`);
}
