// Requests as a test sends them: with any host, header and body, whatever a well-behaved library would not send.

import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { deferred } from '../../src/foundation/base/deferred.js';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of the text as JSON. */
  json<T = Readonly<Record<string, unknown>>>(): T;
}

/** Resolves to the whole answer; rejects when the connection ends before. */
export async function ask(
  place: { readonly port: number } | { readonly socketPath: string },
  path: string,
  options: RequestOptions & { readonly body?: string | Buffer } = {},
): Promise<HttpAnswer> {
  const { body, ...rest } = options;
  const answer = deferred<HttpAnswer>();
  const asked = request({ host: '127.0.0.1', agent: false, ...place, path, ...rest }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
    });
    response.on('end', () => {
      const { statusCode = 0, headers } = response;
      answer.resolve({ status: statusCode, headers, text, json: <T>() => JSON.parse(text) as T });
    });
    response.on('error', (error) => answer.reject(error));
  });
  asked.on('error', (error) => answer.reject(error));
  asked.end(body);
  return answer.promise;
}
