// Which of this machine's addresses others are told: the source of its default route, or else the address of an
// interface that most likely leads to other machines. Never one that only this machine, or only its own link, can use
// while it has another. Pure.

import { type Family, familyOf, isLoopback } from '../../foundation/base/hosts.js';
import type { InterfaceAddress } from '../../foundation/base/interfaces.js';
import { canonicalHost } from '../../foundation/torrent/address.js';

/** Bridges and tunnels of containers and virtual machines, which reach nobody outside of this one. */
const INNER_INTERFACE = /^(docker|br-|virbr|veth|cni|podman|lxc|lxdbr|flannel|cali|kube|vnet|vboxnet|vmnet)/;

/**
 * Undefined when there is nothing but the loopback.
 * @param routes the sources of the default routes, the preferred one first.
 */
export function chooseHost(routes: readonly string[], interfaces: readonly InterfaceAddress[]): string | undefined {
  const routed = routes.find((host) => !isLoopback(host) && !isLinkLocal(host));
  if (routed !== undefined) return routed;
  const [best] = [...reachableFrom(interfaces)].sort((a, b) => rankOf(a) - rankOf(b));
  return best?.address;
}

/** The address of one interface; of several the one that `chooseHost` would prefer. Undefined when it has none. */
export function hostOfInterface(interfaces: readonly InterfaceAddress[], name: string): string | undefined {
  const own = interfaces.flatMap(({ address, ...rest }) => {
    const host = rest.name === name ? canonicalHost(address) : undefined;
    return host === undefined || isUnusable(host) ? [] : [{ ...rest, address: host }];
  });
  return own.sort((a, b) => rankOf(a) - rankOf(b))[0]?.address;
}

function reachableFrom(interfaces: readonly InterfaceAddress[]): readonly InterfaceAddress[] {
  return interfaces.flatMap((each) => {
    const host = canonicalHost(each.address);
    return each.internal || host === undefined || isLoopback(host) || isUnusable(host)
      ? []
      : [{ ...each, address: host }];
  });
}

function rankOf({ name, address }: InterfaceAddress): number {
  const family: Family | undefined = familyOf(address);
  return (isLinkLocal(address) ? 4 : 0) + (INNER_INTERFACE.test(name) ? 2 : 0) + (family === 'IPv4' ? 0 : 1);
}

function isLinkLocal(host: string): boolean {
  return host.startsWith('169.254.') || isUnusable(host);
}

/** fe80::/10 means nothing without the name of an interface, which differs on each machine. */
function isUnusable(host: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(host);
}
