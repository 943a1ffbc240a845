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

export function ask<T>(question: string, values: Readonly<Record<string, string>> = {}): Promise<T> {
  const query = new URLSearchParams(values).toString();
  return answered<T>(`${question}${query === '' ? '' : `?${query}`}`, {});
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
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const response = await fetch(API + path, { ...request, signal }).catch(() => {
    throw new Refused(0, 'the program does not answer; it may have ended');
  });
  const body = (await response.json().catch(() => ({}))) as { readonly sentence?: string };
  if (response.ok) return body as T;
  if (response.status === UNKNOWN_BROWSER) throw new Refused(response.status, EARLIER_RUN);
  throw new Refused(response.status, body.sentence ?? `the program answered with ${response.status}`);
}

/** Of what happens; how far downloads are is asked for. */
export function eventsUrl(): string {
  return `${API}events?progress=no`;
}
