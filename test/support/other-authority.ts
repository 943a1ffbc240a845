// A certificate authority that knows nothing of swarms, as an organisation has one: made with openssl, in a directory
// of the test.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Issued {
  readonly certPath: string;
  readonly keyPath: string;
  /** PEM. */
  readonly chain: string;
  readonly key: string;
}

export interface Wanted {
  /** Any bytes, in latin1. Default: a plain host name. */
  readonly host?: string;
  /** Negative: it has ended. */
  readonly days?: number;
  readonly kind?: 'EC' | 'RSA';
}

export class OtherAuthority {
  readonly certPath: string;
  readonly #directory: string;
  readonly #name: string;
  #count = 0;

  constructor(directory: string, name = 'corp') {
    this.#directory = directory;
    this.#name = name;
    this.certPath = this.#path('ca.pem');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', this.#path('ca.key')];
    openssl('req', '-x509', ...key, '-subj', `/CN=${name}`, '-days', '3650', '-out', this.certPath);
  }

  get pem(): string {
    return readFileSync(this.certPath, 'utf8');
  }

  issue({ host = 'pod-1.corp.example', days = 30, kind = 'EC' }: Wanted = {}): Issued {
    this.#count += 1;
    const [keyPath, request, certPath, extension] = ['key', 'csr', 'pem', 'ext'].map((end) =>
      this.#path(`${this.#count}.${end}`),
    ) as [string, string, string, string];
    const fresh = kind === 'EC' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['rsa:2048'];
    openssl('req', '-newkey', ...fresh, '-nodes', '-keyout', keyPath, '-subj', '/CN=x', '-out', request);
    writeFileSync(extension, `subjectAltName=DER:${alternativeName(host)}\n`);
    const by = ['-CA', this.certPath, '-CAkey', this.#path('ca.key'), '-set_serial', String(this.#count)];
    openssl('x509', '-req', '-in', request, ...by, '-days', String(days), '-extfile', extension, '-out', certPath);
    return { certPath, keyPath, chain: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8') };
  }

  #path(name: string): string {
    return join(this.#directory, `${this.#name}-${name}`);
  }
}

/** One host of up to 100 bytes, in DER: names that a tool would not write. */
function alternativeName(host: string): string {
  const bytes = Buffer.from(host, 'latin1');
  const der = Buffer.concat([Buffer.from([0x30, bytes.length + 2, 0x82, bytes.length]), bytes]);
  return der.toString('hex').replace(/..(?=.)/g, '$&:');
}

function openssl(...words: readonly string[]): void {
  execFileSync('openssl', words, { stdio: 'pipe' });
}
