// One attached console or command: passes its commands to the client, and the client's events to it. Decides only
// whether its hello is accepted; does not know what a command means.

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

export interface AttachedUserOptions {
  readonly socket: Socket;
  /** Our answer to its hello. */
  readonly hello: AttachHello;
  /** Asked once its hello has arrived. */
  readonly hasRoom: () => boolean;
  /** Its hello was accepted. */
  readonly onGreeted: () => void;
  readonly onCommand: (command: ClientCommand) => void;
  /** It has as many open requests as it may have; nothing more is read until `resume`. */
  readonly isFull: () => boolean;
  readonly onClosed: () => void;
}

export class AttachedUser {
  readonly #options: AttachedUserOptions;
  readonly #connection: AcceptedConnection;
  #isGreeted = false;

  constructor(options: AttachedUserOptions) {
    this.#options = options;
    this.#connection = new AcceptedConnection({
      socket: options.socket,
      timers: systemTimers,
      magic: ATTACH_MAGIC,
      unreadBytesMax: ATTACHED_UNREAD_BYTES_MAX,
      onFrame: (frame) => this.#take(attachCommands.decode(frame)),
      // No program of ours breaks the protocol, so nobody would read a sentence.
      onFault: () => undefined,
      onClosed: () => options.onClosed(),
    });
  }

  send(event: AttachEvent): void {
    this.#connection.send(attachEvents.framed(attachEvents.fit(event)));
  }

  /** Reads its requests again. */
  resume(): void {
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
    if (command.kind === 'hello') throw new ProtocolError('it sent two hellos');
    this.#options.onCommand(command);
    if (this.#options.isFull()) this.#connection.pause();
  }

  #greet(command: AttachCommand): void {
    if (command.kind !== 'hello') throw new ProtocolError('it sent a request before its hello');
    if (!this.#options.hasRoom()) {
      const sentence = `${ATTACHED_MAX} consoles and commands are already attached; close some of them first`;
      this.send({ kind: 'turnedAway', code: 'LIMIT_REACHED', sentence });
      this.hangUp('too many are attached');
      return;
    }
    const { more, ...short } = this.#options.hello;
    this.send(more === undefined || !isSameVersion(command) ? short : this.#options.hello);
    if (!isSameVersion(command)) {
      this.hangUp(`speaks version ${command.version}`);
      return;
    }
    this.#isGreeted = true;
    this.#connection.greeted();
    this.#options.onGreeted();
  }
}
