// Where a state directory is: on which machine, under which path. An identity that is found at another place was copied
// there, as by a cloned machine. Leaves out what changes on a machine that stays the same, such as its addresses.

import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { errnoOf, fileError } from '../../foundation/base/errors.js';

const MACHINE_ID = '/etc/machine-id';
const MACHINE_ID_BYTES_MAX = 256;

/** 32 hexadecimal digits; the machine's id cannot be found out from them. Rejects when the directory is not there. */
export async function placeOf(directory: string): Promise<string> {
  try {
    const path = await realpath(directory);
    return createHash('sha256')
      .update(`${await machineId()}\0${path}`)
      .digest('hex')
      .slice(0, 32);
  } catch (error) {
    throw fileError(error, directory);
  }
}

/** '' where there is none, as in many containers. */
async function machineId(): Promise<string> {
  try {
    return (await readFile(MACHINE_ID, 'latin1')).slice(0, MACHINE_ID_BYTES_MAX).trim();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return '';
  }
}
