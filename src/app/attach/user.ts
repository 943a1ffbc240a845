// One console or command that is attached: its commands to the client, and the client's events to it. Decides who is
// greeted; what a command means is not known here.

import type { ClientCommand } from '../../client/messages.js';
import { ProtocolError } from '../../foundation/base/errors.js';
import { systemTimers } from '../../foundation/base/timers.js';
import { AcceptedConnection } from '../../foundation/wire/accepted.js';
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
  /** It has as many requests open as it may: nothing more is read until `goOn`. */
  readonly isFull: () => boolean;
  readonly onClosed: () => void;
}

export class User {
  readonly #options: UserOptions;
  readonly #connection: AcceptedConnection;
  #isGreeted = false;

  constructor(options: UserOptions) {
    this.#options = options;
    this.#connection = new AcceptedConnection({
      socket: options.socket,
      timers: systemTimers,
      magic: ATTACH_MAGIC,
      unreadBytesMax: ATTACHED_UNREAD_BYTES_MAX,
      onFrame: (frame) => this.#take(attachCommands.decode(frame)),
      // No program of ours does that, so nobody would read a sentence.
      onFault: () => undefined,
      onClosed: () => options.onClosed(),
    });
  }

  say(event: AttachEvent): void {
    this.#connection.send(attachEvents.framed(attachEvents.fit(event)));
  }

  /** It may send requests again. */
  goOn(): void {
    this.#connection.resume();
  }

  hangUp(reason: string): void {
    this.#connection.hangUp(reason);
  }

  drop(reason: string): void {
    this.#connection.drop(reason);
  }

  #take(command: AttachCommand): void {
    if (!this.#isGreeted) {
      this.#greet(command);
      return;
    }
    if (command.kind === 'hello') throw new ProtocolError('it says hello twice');
    this.#options.onCommand(command);
    if (this.#options.isFull()) this.#connection.pause();
  }

  #greet(command: AttachCommand): void {
    if (command.kind !== 'hello') throw new ProtocolError('it sends a request before its hello');
    if (!this.#options.hasRoom()) {
      const sentence = `${ATTACHED_MAX} consoles and commands are already attached; close some of them first`;
      this.say({ kind: 'turnedAway', code: 'LIMIT_REACHED', sentence });
      this.hangUp('there is no room');
      return;
    }
    this.say(this.#options.hello);
    if (!isSameVersion(command)) {
      this.hangUp(`speaks version ${command.version}`);
      return;
    }
    this.#isGreeted = true;
    this.#connection.greeted();
    this.#options.onGreeted();
  }
}
