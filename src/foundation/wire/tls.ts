// The passage of a closed swarm: TLS 1.3 with an Ed25519 certificate of ours on both sides, which the gate judges. The
// only door to node:tls; OpenSSL is asked whether the other side has its key, and for nothing else.

import { constants } from 'node:crypto';
import tls from 'node:tls';
import { assert } from '../base/assert.js';
import { errnoOf, MiniTorrentError, ProtocolError } from '../base/errors.js';
import { FRAME_BYTES_BEFORE_HELLO_MAX } from '../base/limits.js';
import { hasAesInstructions } from '../base/this-machine.js';
import { systemTimers, type Timers } from '../base/timers.js';
import type { Credentials } from '../identity/credentials.js';
import { openEnvelope } from '../identity/envelope.js';
import type { Member, Need, Verdict } from '../identity/gate.js';
import { keyIdOf } from '../identity/keys.js';
import { firstDnsName, VOUCHING_LABEL, VOUCHING_SIZE } from '../identity/vouching.js';
import { Arrival, type Turn } from './arrival.js';
import { FrameReader } from './framing.js';
import { HandshakeTally } from './handshake-tally.js';
import { type HandshakeEnd, HandshakeLine } from './handshakes.js';
import { REFUSAL_WAIT_MS } from './limits.js';
import { MagicGate } from './magic.js';
import type { AcceptOutcome, DialOutcome, Judged, Passage, PassageDialOptions, Wire } from './passage.js';
import { dialRefusal, isTlsError, otherSwarmSentence, rootIn } from './refusals.js';
import { connectOptions, type Place, type Socket } from './transport.js';

export interface ClosedOptions {
  readonly timers?: Timers;
  /** Seconds since 1970 by this machine's clock. */
  readonly wallS?: () => number;
  /** PEM of another authority, by whose certificates whoever dials may ask to join. */
  readonly joinCa?: string | undefined;
  /** Is shown in place of the own certificate, to whoever admits by another authority. */
  readonly shown?: Shown | undefined;
}

export interface Shown {
  /** PEM: the certificate, and those between it and its authority. */
  readonly chain: string;
  readonly key: string;
  /** Once a connection is open: what only this connection has, VOUCHING_SIZE bytes. */
  readonly onExported: (exported: Uint8Array) => void;
}

const AES = 'TLS_AES_128_GCM_SHA256';
const CHACHA = 'TLS_CHACHA20_POLY1305_SHA256';
const OWN_SIGNATURES = 'ed25519';
/** Those of authorities of today; with PKCS #1 a certificate may be signed, but no handshake of TLS 1.3. */
const ALL_SIGNATURES = [
  OWN_SIGNATURES,
  'ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512',
  'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pss_pss_sha256',
  'RSA+SHA256:RSA+SHA384:RSA+SHA512',
].join(':');
/** From 3.5 on OpenSSL has a key exchange that a recording of today will not give away to a quantum computer. */
const GROUPS = opensslAtLeast(3, 5) ? 'X25519MLKEM768:X25519' : 'X25519';

/** One for all passages of an identity, until its card is renewed: to make one takes as long as a handshake. */
const contexts = new WeakMap<Credentials, Context>();

interface Context {
  readonly certificate: string;
  readonly context: tls.SecureContext;
}

export function closedPassage(credentials: Credentials, wire: Wire, options: ClosedOptions = {}): Passage {
  return new ClosedPassage(credentials, wire, options);
}

class ClosedPassage implements Passage {
  readonly isClosed = true;
  readonly handshakes = new HandshakeTally();
  readonly #credentials: Credentials;
  readonly #wire: Wire;
  readonly #timers: Timers;
  readonly #wallS: () => number;
  readonly #joinCa: string | undefined;
  readonly #shown: Shown | undefined;
  /** Where it is another one than all passages of these credentials have. */
  #ownContext: Context | undefined;
  readonly #open = new Map<Socket, Member>();
  readonly #line: HandshakeLine;
  readonly #alpn: DataView;
  /** Those that wait. */
  readonly #arrivals = new Map<number, { readonly arrival: Arrival; readonly socket: Socket }>();
  #lastArrival = 0;

  constructor(credentials: Credentials, wire: Wire, options: ClosedOptions) {
    const { timers = systemTimers, wallS = ownSeconds, joinCa, shown } = options;
    this.#joinCa = joinCa;
    this.#shown = shown;
    this.#credentials = credentials;
    this.#wire = wire;
    this.#line = new HandshakeLine(wire.line);
    this.#alpn = protocolsOf(wire.alpn);
    this.#timers = timers;
    this.#wallS = wallS;
  }

  dial(place: Place, { need, onread, ...options }: PassageDialOptions, on: DialOutcome): Socket {
    assert('host' in place, 'a closed passage leads over a network');
    const at = place.host.includes(':') ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`;
    const phase = { isOpen: false, isOver: false };
    const heard = new RefusalReader(this.#wire);
    const socket = tls.connect({
      ...connectOptions(place, options),
      ...(onread === undefined ? {} : { onread: guarded(onread, phase, heard) }),
      secureContext: this.#secureContext(),
      ALPNProtocols: this.#alpn,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    const refuse = (sentence: string): void => {
      if (phase.isOver) return;
      phase.isOver = true;
      on.refused(sentence);
      socket.destroy();
    };
    socket.on('connect', () => socket.setNoDelay(true));
    socket.on('secureConnect', () => {
      const verdict = this.#judge(socket, need);
      if (verdict.kind === 'member') {
        phase.isOpen = true;
        phase.isOver = true;
        this.#shown?.onExported(exportedOf(socket));
        this.#remember(socket, verdict.member);
        on.opened(verdict.member);
      } else if (verdict.kind === 'refused' && verdict.code === 'otherSwarm')
        this.#otherSwarm(socket, heard, at, refuse);
      else refuse(`${at} was refused: ${verdict.kind === 'refused' ? verdict.sentence : 'it is no member'}`);
    });
    socket.on('error', (error) => {
      const code = errnoOf(error);
      if (isTlsError(code)) refuse(dialRefusal(code, at, this.#wire, this.#credentials.swarm));
    });
    return socket;
  }

  accept(socket: Socket, on: AcceptOutcome): void {
    this.#lastArrival += 1;
    const number = this.#lastArrival;
    const host = socket.remoteAddress ?? '';
    const outcome: AcceptOutcome = {
      opened: (secured, who, sinceMs) => {
        const isMember = who?.kind === 'member';
        this.#turnOver(number, isMember ? 'in' : 'stranger');
        if (isMember) this.#remember(secured, who.member, host);
        on.opened(secured, who, sinceMs);
      },
      refused: (code, sentence) => {
        this.#arrivals.delete(number);
        this.#turnOver(number, code === 'left' || code === 'plain' ? 'left' : 'failed');
        on.refused(code, sentence);
      },
    };
    const arrival = new Arrival(socket, { wire: this.#wire, timers: this.#timers, tally: this.handshakes }, outcome);
    const place = this.#line.arrive(number, host, this.#timers.nowMs());
    if (place === 'begin') this.#begin(arrival, socket, 'at once');
    else if (place === 'wait') this.#arrivals.set(number, { arrival, socket });
    else arrival.turnAway();
  }

  #turnOver(number: number, end: HandshakeEnd): void {
    const next = this.#line.ended(number, end, this.#timers.nowMs());
    for (const waited of this.#line.takeGivenUp()) this.#arrivals.get(waited)?.arrival.turnAway();
    const begins = next === undefined ? undefined : this.#arrivals.get(next);
    if (next === undefined || begins === undefined) return;
    this.#arrivals.delete(next);
    this.#begin(begins.arrival, begins.socket, 'waited');
  }

  #begin(arrival: Arrival, socket: Socket, turn: Turn): void {
    arrival.begin(turn, {
      shake: () => {
        const secured = new tls.TLSSocket(socket, {
          isServer: true,
          secureContext: this.#secureContext(),
          requestCert: true,
          rejectUnauthorized: false,
          ALPNProtocols: this.#alpn,
        });
        // Of a vector of writes TLSWrap makes one copy before it encrypts them; without this method there are none.
        if (this.#wire.carriesPayload) Object.assign(secured, { _writev: null });
        return { secured, judge: () => this.#vouched(secured) ?? this.#judge(secured, this.#wire.accepts) };
      },
    });
  }

  recheck(): number {
    const { standing } = this.#credentials;
    let count = 0;
    for (const [socket, { id, kind, name }] of [...this.#open]) {
      if (!standing.bans.isBanned(id) && !(kind === 'tracker' && standing.isWithdrawn(id))) continue;
      count += 1;
      socket.destroy(new MiniTorrentError('NOT_ADMITTED', `${name} was shut out of this swarm`));
    }
    return count;
  }

  /** The other side's certificate, which TLS has proved; any other protocol inside is none of ours. */
  #judge(socket: tls.TLSSocket, need: Need): Verdict {
    if (socket.alpnProtocol !== this.#wire.alpn)
      return { kind: 'refused', code: 'notOurs', sentence: `it does not say that it speaks ${this.#wire.alpn}` };
    const clocks = this.#credentials.clocks(this.#wallS(), this.#timers.nowMs());
    return this.#credentials.judge(socket.getPeerX509Certificate()?.raw, need, clocks);
  }

  /** The one place that takes OpenSSL's word for who somebody is; without any error, and for joining only. */
  #vouched(socket: tls.TLSSocket): Judged | undefined {
    const certificate = socket.getPeerX509Certificate();
    if (this.#joinCa === undefined || certificate === undefined || openEnvelope(certificate.raw) !== undefined) return;
    if (socket.alpnProtocol !== this.#wire.alpn) return;
    const wrong = whatIsWrong(socket);
    if (wrong !== undefined) {
      const sentence = `its certificate is not of the authority by which this tracker admits, or good no more (${wrong})`;
      return { kind: 'refused', code: 'notOurs', sentence };
    }
    return { kind: 'vouched', name: firstDnsName(certificate.subjectAltName), exported: exportedOf(socket) };
  }

  /** Apart from `accept`, whose variables would live as long as the connection. @param host of one that came in. */
  #remember(socket: Socket, member: Member, host?: string): void {
    this.#open.set(socket, member);
    socket.on('close', () => {
      this.#open.delete(socket);
      if (host !== undefined) this.#line.memberLeft(host);
    });
  }

  /** Both sides refuse; the other one says in which swarm it is. */
  #otherSwarm(socket: Socket, heard: RefusalReader, at: string, refuse: (sentence: string) => void): void {
    const end = (): void => {
      timer.cancel();
      const own = keyIdOf(this.#credentials.root);
      refuse(otherSwarmSentence(at, this.#wire, own, rootIn(heard.sentence ?? '')));
    };
    const timer = this.#timers.at(this.#timers.nowMs() + REFUSAL_WAIT_MS, end);
    heard.onSentence = end;
    socket.on('close', end);
    // Where the owner reads by `onread`, nothing comes this way.
    socket.on('data', (bytes: Buffer) => heard.take(bytes));
  }

  #secureContext(): tls.SecureContext {
    const { certificate } = this.#credentials;
    const isOwn = this.#joinCa !== undefined || this.#shown !== undefined;
    const known = isOwn ? this.#ownContext : contexts.get(this.#credentials);
    if (known?.certificate === certificate) return known.context;
    const [first, second] = hasAesInstructions() ? [AES, CHACHA] : [CHACHA, AES];
    const context = tls.createSecureContext({
      cert: this.#shown?.chain ?? certificate,
      key: this.#shown?.key ?? this.#credentials.privateKey,
      // So that no public root is ever asked.
      ca: this.#joinCa === undefined ? certificate : [certificate, this.#joinCa],
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ciphers: `${first}:${second}`,
      ecdhCurve: GROUPS,
      sigalgs: isOwn ? ALL_SIGNATURES : OWN_SIGNATURES,
      secureOptions:
        constants.SSL_OP_NO_TICKET | constants.SSL_OP_CIPHER_SERVER_PREFERENCE | constants.SSL_OP_PRIORITIZE_CHACHA,
    });
    if (isOwn) this.#ownContext = { certificate, context };
    else contexts.set(this.#credentials, { certificate, context });
    return context;
  }
}

/** Asked of the handle, since Node writes it to `authorized` of its own servers' sockets only. */
function whatIsWrong(socket: tls.TLSSocket): string | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { verifyError?: () => Error | null } };
  if (typeof handle?.verifyError !== 'function') return 'this Node cannot tell';
  const error = handle.verifyError() ?? undefined;
  return error === undefined ? undefined : (errnoOf(error) ?? error.message);
}

function exportedOf(socket: tls.TLSSocket): Uint8Array {
  return Uint8Array.from(socket.exportKeyingMaterial(VOUCHING_SIZE, VOUCHING_LABEL, EMPTY));
}

const EMPTY = Buffer.alloc(0);

/** What a refusing side says: the magic, then one frame. */
class RefusalReader {
  readonly #wire: Wire;
  readonly #gate: MagicGate;
  readonly #frames = new FrameReader(FRAME_BYTES_BEFORE_HELLO_MAX);
  sentence: string | undefined;
  onSentence: (() => void) | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
    this.#gate = new MagicGate(wire.magic);
  }

  take(bytes: Uint8Array): void {
    if (this.sentence !== undefined) return;
    try {
      this.#frames.feed(this.#gate.pass(bytes));
      const frame = this.#frames.next();
      if (frame === undefined) return;
      this.sentence = this.#wire.sentenceIn(frame) ?? '';
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.sentence = '';
    }
    this.onSentence?.();
  }
}

/** Nothing reaches the owner's buffers from somebody whom the gate has not let in. */
function guarded(
  onread: NonNullable<PassageDialOptions['onread']>,
  phase: { readonly isOpen: boolean },
  heard: RefusalReader,
): NonNullable<PassageDialOptions['onread']> {
  const { buffer, callback } = onread;
  const outside = new Uint8Array(FRAME_BYTES_BEFORE_HELLO_MAX);
  return {
    buffer: () => (phase.isOpen ? (typeof buffer === 'function' ? buffer() : buffer) : outside),
    callback: (count, bytes) => {
      if (phase.isOpen) return callback(count, bytes);
      heard.take(bytes.subarray(0, count));
      return true;
    },
  };
}

/**
 * One protocol as TLS names it (RFC 7301, 3.1). A view that is no Uint8Array: of that Node takes its copy from a pool
 * of 8 KiB, which each connection would keep from being freed.
 */
function protocolsOf(alpn: string): DataView {
  const bytes = Uint8Array.from([alpn.length, ...Buffer.from(alpn, 'latin1')]);
  return new DataView(bytes.buffer);
}

function opensslAtLeast(major: number, minor: number): boolean {
  const [ours = 0, theirs = 0] = process.versions.openssl.split('.').map((part) => Number.parseInt(part, 10));
  return ours > major || (ours === major && theirs >= minor);
}

function ownSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
