// The addresses of this machine's network interfaces, as the system lists them now.

import { networkInterfaces } from 'node:os';

export interface InterfaceAddress {
  readonly name: string;
  readonly address: string;
  readonly internal: boolean;
}

/** Undefined where this process may not ask: in a sandbox without AF_NETLINK, or out of descriptors. */
export function interfaceAddresses(): readonly InterfaceAddress[] | undefined {
  try {
    return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
      (addresses ?? []).map(({ address, internal }) => ({ name, address, internal })),
    );
  } catch (error) {
    // The system's error, never one of ours.
    if ((error as NodeJS.ErrnoException).code === 'ERR_SYSTEM_ERROR') return undefined;
    throw error;
  }
}

/** Hosts of this machine, canonical; undefined where they cannot be asked for. */
export function hostsHere(): readonly string[] | undefined {
  return interfaceAddresses()?.map(({ address }) => address);
}
