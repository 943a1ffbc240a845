// How the page asks the program that served it, and makes it do something. A refusal is an error with the program's own
// sentence.

const API = 'api/v1/';
const DEADLINE_MS = 20_000;
/** What let this browser in ends with the process that gave it. */
const UNKNOWN_BROWSER = 401;
const EARLIER_RUN =
  'the program was started again; open the link that the command web prints, or that a tracker prints when it starts';

type Values = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export class Refused extends Error {
  /** Of the answer; 0: there was none. */
  readonly status: number;

  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

/** What was answered, and its text. */
export interface Answer<T> {
  readonly text: string;
  readonly value: T;
}

export async function ask<T>(question: string, values: Readonly<Record<string, string>> = {}): Promise<T> {
  return (await askAgain<T>(question, values, undefined)).value;
}

/** @returns `before` itself when the answer is the same: then nothing that was made of it has to be made again. */
export async function askAgain<T>(
  question: string,
  values: Readonly<Record<string, string>>,
  before: Answer<T> | undefined,
): Promise<Answer<T>> {
  const query = new URLSearchParams(values).toString();
  const response = await fetched(`${question}${query === '' ? '' : `?${query}`}`, {});
  const text = await response.text().catch(() => '');
  return text === before?.text ? before : { text, value: read<T>(response, text) };
}

export function change<T>(verb: string, values: Values): Promise<T> {
  return answered<T>(verb, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mtorrent': '1' },
    body: JSON.stringify(values),
  });
}

/** A .mtorrent that was dropped on the page. */
export function drop(file: File, destination: string): Promise<{ readonly path: string }> {
  const query = new URLSearchParams({ name: file.name, ...(destination === '' ? {} : { destination }) });
  return answered(`drop?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'x-mtorrent': '1' },
    body: file,
  });
}

async function answered<T>(path: string, request: RequestInit): Promise<T> {
  const response = await fetched(path, request);
  return read<T>(response, await response.text().catch(() => ''));
}

function fetched(path: string, request: RequestInit): Promise<Response> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  return fetch(API + path, { ...request, signal }).catch(() => {
    throw new Refused(0, 'the program does not answer; it may have ended');
  });
}

function read<T>({ ok, status }: Response, text: string): T {
  const body = parsed(text);
  if (ok && body !== undefined) return body as T;
  if (status === UNKNOWN_BROWSER) throw new Refused(status, EARLIER_RUN);
  throw new Refused(status, body?.sentence ?? `the program answered with ${status}, and nothing that can be read`);
}

function parsed(text: string): { readonly sentence?: string } | undefined {
  try {
    return JSON.parse(text) as { readonly sentence?: string };
  } catch {
    return undefined;
  }
}

/** Of what happens; how far downloads are is asked for. */
export function eventsUrl(): string {
  return `${API}events?progress=no`;
}
