// What an error of PostgreSQL means for a group of changes, for a connection and for a tracker that starts. Pure.

import type { ErrorCode } from '../../../foundation/base/error-codes.js';
import type { WriteOutcome } from './messages.js';

/** SQLSTATE; '' where the connection failed and not a statement. */
export function stateOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : '';
}

/** The server ends the connection with it, or it is gone already. */
export function isOfConnection(state: string): boolean {
  return state === '' || state.startsWith('08') || state.startsWith('57P') || state === '25P03';
}

/** @param isCommitSent whether the error may hide that the commit succeeded. */
export function outcomeOf(error: unknown, isCommitSent: boolean): WriteOutcome {
  const state = stateOf(error);
  if (isOfConnection(state) || isCommitSent) return 'unknown';
  return state === '53100' ? 'full' : 'refused';
}

/** A class 01 code: of a commit, that nobody knows whether the standby has it. */
export function isWarning(state: string): boolean {
  return state.startsWith('01');
}

/** What a start ends with at once, because waiting does not mend it; undefined: it may. */
export function lastingFault(error: unknown): ErrorCode | undefined {
  const state = stateOf(error);
  if (state === '28P01' || state === '28000' || state === '42501') return 'PERMISSION_DENIED';
  if (state === '3D000' || state === '3F000') return 'INVALID_ARGUMENTS';
  if (/^(unable to verify|self-signed|certificate|Hostname\/IP)/i.test(messageOf(error))) return 'UNTRUSTED';
  return undefined;
}

/** For people, with what to do where that is known. */
export function sentenceOf(error: unknown): string {
  const message = messageOf(error);
  switch (stateOf(error)) {
    case '28P01':
    case '28000':
      return `${message}; put the right password in the file that PGPASSFILE names, or in PGPASSWORD`;
    case '3D000':
      return `${message}; create it, or correct the address`;
    case '3F000':
      return `${message}; create the schema, or set the search_path of the role`;
    case '42501':
      return `${message}; give the role the right to create tables in its schema, and to read and write them`;
    case '53100':
      return `the disk of the database is full (${message})`;
    default:
      return message;
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Several addresses of one name were tried.
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  if (first instanceof Error) return first.message;
  if (error.message.startsWith('SASL: ') && error.message.includes('password must be a string'))
    return 'the database asks for a password and none is given; put it in the file that PGPASSFILE names, or in PGPASSWORD';
  return error.message;
}
