// One accepted socket of a background client: bytes to commands and events to bytes, each within its bound. Whoever speaks
// another protocol, sends a frame that is too large, or leaves events unread is dropped here, and nobody else notices. What a
// command means is not known here.

import type { ClientCommand } from '../../client/messages.js';
import { ProtocolError } from '../../foundation/base/errors.js';
import {
  FRAME_BYTES_BEFORE_HELLO_MAX,
  FRAME_BYTES_MAX,
  FRAME_DEADLINE_MS,
  HELLO_DEADLINE_MS,
  LINGER_MS,
} from '../../foundation/base/limits.js';
import { FrameReader, frameBytes } from '../../foundation/wire/framing.js';
import { MagicGate } from '../../foundation/wire/magic.js';
import type { Socket } from '../../foundation/wire/transport.js';
import { ATTACHED_MAX, ATTACHED_UNREAD_BYTES_MAX } from './limits.js';
import {
  ATTACH_MAGIC,
  type AttachCommand,
  type AttachEvent,
  type AttachHello,
  attachCommands,
  attachEvents,
  isSameVersion,
} from './messages.js';

export interface UserOptions {
  readonly socket: Socket;
  /** What our hello says. */
  readonly hello: AttachHello;
  /** Asked when it has said hello. */
  readonly hasRoom: () => boolean;
  /** It speaks our version, and there is room: it is a user from now on. */
  readonly onGreeted: () => void;
  readonly onCommand: (command: ClientCommand) => void;
  /** It has asked as much as it may before it is answered: nothing more is read until `goOn`. */
  readonly isFull: () => boolean;
  /** Once, with what ended it. */
  readonly onClosed: (reason: string) => void;
}

export class User {
  readonly #options: UserOptions;
  readonly #socket: Socket;
  readonly #magic = new MagicGate(ATTACH_MAGIC);
  readonly #reader = new FrameReader(FRAME_BYTES_BEFORE_HELLO_MAX);
  #phase: 'greeting' | 'open' | 'ending' = 'greeting';
  #isWaiting = false;
  #isCorked = false;
  #reason = 'closed by the user';
  /** Of the hello, then of each frame that comes in pieces, at last of the bytes that still leave. */
  #deadline: NodeJS.Timeout;

  constructor(options: UserOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#deadline = this.#dropAfter(HELLO_DEADLINE_MS, 'said no hello in time');
    const { socket } = options;
    socket.on('data', (received: Buffer) => this.#onBytes(received));
    socket.on('error', (error) => {
      this.#reason = error.message;
    });
    socket.on('close', () => {
      clearTimeout(this.#deadline);
      this.#phase = 'ending';
      options.onClosed(this.#reason);
    });
    socket.write(ATTACH_MAGIC);
  }

  say(event: AttachEvent): void {
    if (this.#phase === 'ending') return;
    if (!this.#isCorked) {
      // Events of one turn leave in one write.
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(frameBytes(attachEvents.encode(attachEvents.fit(event))));
    if (this.#socket.writableLength > ATTACHED_UNREAD_BYTES_MAX) this.drop('leaves too much unread');
  }

  /** It may ask again. */
  goOn(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    // Not from within the turn that answered.
    process.nextTick(() => {
      this.#drain();
      if (!this.#isWaiting) this.#socket.resume();
    });
  }

  /** What was said leaves first; what still comes is not looked at. */
  hangUp(reason: string): void {
    if (this.#phase === 'ending') return;
    this.#phase = 'ending';
    this.#reason = reason;
    clearTimeout(this.#deadline);
    this.#deadline = this.#dropAfter(LINGER_MS, reason);
    this.#socket.end();
    this.#socket.resume();
  }

  /** At once, unwritten bytes and all. */
  drop(reason: string): void {
    this.#phase = 'ending';
    this.#reason = reason;
    this.#socket.destroy();
  }

  #dropAfter(deadlineMs: number, reason: string): NodeJS.Timeout {
    return setTimeout(() => this.drop(reason), deadlineMs);
  }

  #onBytes(received: Uint8Array): void {
    if (this.#phase === 'ending') return;
    try {
      this.#reader.feed(this.#magic.pass(received));
    } catch (error) {
      this.#broken(error);
      return;
    }
    this.#drain();
  }

  #drain(): void {
    const wasMidFrame = this.#reader.midFrame;
    let framesRead = 0;
    try {
      while (!this.#isWaiting && this.#phase !== 'ending') {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        framesRead += 1;
        this.#take(attachCommands.decode(frame));
      }
    } catch (error) {
      this.#broken(error);
    }
    if (this.#phase !== 'open' || this.#isWaiting) return;
    if (wasMidFrame && framesRead === 0) return;
    clearTimeout(this.#deadline);
    if (this.#reader.midFrame) this.#deadline = this.#dropAfter(FRAME_DEADLINE_MS, 'left a frame unfinished');
  }

  #take(command: AttachCommand): void {
    if (this.#phase === 'greeting') {
      if (command.kind !== 'hello') throw new ProtocolError('it asks before it has said hello');
      if (!this.#options.hasRoom()) {
        const sentence = `${ATTACHED_MAX} consoles and commands are attached already; end some of them first`;
        this.say({ kind: 'turnedAway', code: 'LIMIT_REACHED', sentence });
        this.hangUp('there is no room');
        return;
      }
      this.say(this.#options.hello);
      if (!isSameVersion(command)) {
        this.hangUp(`speaks version ${command.version}`);
        return;
      }
      clearTimeout(this.#deadline);
      this.#phase = 'open';
      this.#reader.limit = FRAME_BYTES_MAX;
      this.#options.onGreeted();
      return;
    }
    if (command.kind === 'hello') throw new ProtocolError('it says hello twice');
    this.#options.onCommand(command);
    if (!this.#options.isFull()) return;
    this.#isWaiting = true;
    clearTimeout(this.#deadline);
    this.#socket.pause();
  }

  #broken(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.drop(`broke the protocol: ${error.message}`);
  }
}
