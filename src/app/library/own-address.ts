// Finds the address at which other machines reach this one: the source of the kernel's route to a tracker, or what
// `address-choice.ts` chooses. Sends nothing.

import { deferred } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { familyOf, isLoopback } from '../../foundation/base/hosts.js';
import { hostsHere, interfaceAddresses } from '../../foundation/base/interfaces.js';
import { type Address, canonicalHost, isDialable } from '../../foundation/torrent/address.js';
import { isInNetwork, isNetwork } from '../../foundation/torrent/listen-address.js';
import { hostsOf } from '../../foundation/wire/names.js';
import { hostTowards } from '../../foundation/wire/route.js';
import { isHostHere } from '../../foundation/wire/transport.js';
import { chooseHost, hostOfInterface } from './address-choice.js';
import { OWN_ADDRESS_LOOK_MS } from './limits.js';

const LOOPBACK = '127.0.0.1';
/** All addresses of this machine, of both families. */
const EVERY_ADDRESS = '0.0.0.0';
/** Addresses of documentation (RFC 5737, RFC 3849): they belong to nobody, so only a default route leads there. */
const ELSEWHERE = ['192.0.2.1', '2001:db8::1'];

/**
 * A numeric host to listen on. While no route leads to the trackers yet it is the wildcard, and they will list the
 * client under the address of its connection.
 * @param trackers those that should reach us; none when they are yet to be started here.
 */
export async function ownHost(trackers: readonly Address[]): Promise<string> {
  for (const tracker of trackers) {
    for (const target of await hostsOfTracker(tracker.host)) {
      const host = await hostTowards(target);
      if (host !== undefined) return host;
    }
  }
  return trackers.length > 0 ? EVERY_ADDRESS : ((await hostForOthers()) ?? LOOPBACK);
}

/** None for a name that cannot be looked up now: each dial tries again, and says why. */
async function hostsOfTracker(host: string): Promise<readonly string[]> {
  if (familyOf(host) !== undefined) return [host];
  return hostsOf(host).catch((error: unknown) => {
    if (error instanceof MiniTorrentError) return [];
    throw error;
  });
}

export function isInterfaceOrNetwork(host: string): boolean {
  return isNetwork(host) || interfaceAddresses()?.some(({ name }) => name === host) === true;
}

/**
 * The numeric host of an address as its owner wrote it: an interface, a network or a host name stands for the address
 * of it that this machine has at the moment. Rejects with ADDRESS_UNUSABLE when there is none.
 */
export async function numericHost(host: string): Promise<string> {
  if (familyOf(host) !== undefined) return host;
  const hosts = await hostsMeant(host);
  if (typeof hosts === 'string') return hosts;
  for (const each of hosts) if (await isHostHere(each)) return each;
  throw unusable(
    `the host name ${host} stands for ${hosts.join(' and ')}, which this machine does not have; mend the name, or name an address that it has`,
  );
}

/** As `numericHost`, for what others dial: a host name may lead to another machine, which forwards to this one. */
export async function hostToAdvertise(host: string): Promise<string> {
  const hosts = await hostsMeant(host);
  if (typeof hosts === 'string') return hosts;
  const found = hosts.find(isDialable);
  if (found === undefined) throw unusable(`the host name ${host} stands for nothing that others can dial`);
  return found;
}

/** The one address of an interface or a network; all of a host name. */
async function hostsMeant(host: string): Promise<string | readonly string[]> {
  const interfaces = interfaceAddresses() ?? [];
  if (isNetwork(host)) {
    const inside = interfaces.filter(({ address }) => isInNetwork(canonicalHost(address) ?? '', host));
    const found = inside[0] && hostOfInterface(inside, inside[0].name);
    if (found !== undefined) return found;
    throw unusable(`this machine has no address in the network ${host}; name one that it has`);
  }
  if (interfaces.some(({ name }) => name === host)) {
    const found = hostOfInterface(interfaces, host);
    if (found !== undefined) return found;
    throw unusable(`the interface ${host} has no address that others can dial; name another one`);
  }
  try {
    return await hostsOf(host.toLowerCase());
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    const names = [...new Set(interfaces.map(({ name }) => name))].join(', ');
    throw unusable(`${host} is no interface of this machine, which has ${names}; and ${error.message}`);
  }
}

function unusable(sentence: string): MiniTorrentError {
  return new MiniTorrentError('ADDRESS_UNUSABLE', sentence);
}

/** At which other machines reach this one; undefined while it has nothing but the loopback. */
async function hostForOthers(): Promise<string | undefined> {
  const routes = await Promise.all(ELSEWHERE.map((host) => hostTowards(host)));
  return chooseHost(
    routes.filter((host) => host !== undefined),
    interfaceAddresses() ?? [],
  );
}

/** Watches for another address at which other machines reach this one. */
export interface AddressWatch {
  /** The first one; never settles after `stop`. */
  readonly found: Promise<string>;
  stop(): void;
}

/**
 * It alone keeps no process alive.
 * @param known what was found before, and is good as long as this machine has it; a loopback is not.
 */
export function watchForAddress(known: string): AddressWatch {
  const found = deferred<string>();
  const timer = setInterval(() => {
    // A sandbox may not ask.
    if (!isLoopback(known) && hostsHere()?.includes(known) !== false) return;
    void hostForOthers().then((host) => {
      if (host === undefined || host === known) return;
      clearInterval(timer);
      found.resolve(host);
    });
  }, OWN_ADDRESS_LOOK_MS);
  timer.unref();
  return { found: found.promise, stop: () => clearInterval(timer) };
}
