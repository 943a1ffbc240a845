// A launcher under which `socket()` knows only some families of addresses and answers EAFNOSUPPORT for others, which is
// what `RestrictAddressFamilies=` of systemd does: a seccomp filter that python3 installs.

import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { lacksPlace } from './needs.js';

const FAMILIES: Readonly<Record<string, number>> = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16 };

const FILTER = `
import ctypes, os, platform, struct, sys
families = [int(word) for word in sys.argv[1].split(',')]
number = {'x86_64': 41, 'aarch64': 198}[platform.machine()]
LOAD, EQUAL, ANSWER = 0x20, 0x15, 0x06
lines = [(LOAD, 0, 0, 0), (EQUAL, 0, len(families) + 2, number), (LOAD, 0, 0, 16)]
lines += [(EQUAL, len(families) - at, 0, family) for at, family in enumerate(families)]
lines += [(ANSWER, 0, 0, 0x00050000 | 97), (ANSWER, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *line) for line in lines))
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('lines', ctypes.c_void_p)]
program = Program(len(lines), ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program)):
    sys.exit('no seccomp filter: ' + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[2], sys.argv[2:])
`;

/** Before the words of a program. Undefined where it cannot be made, said loudly. @param families AF_INET, … */
export function onlyFamilies(t: TestContext, families: readonly string[]): readonly string[] | undefined {
  const numbers = families.map((name) => FAMILIES[name] ?? 0).join();
  const launcher = ['python3', '-c', FILTER, numbers];
  const [command = '', ...words] = [...launcher, 'true'];
  const { status, stderr, error } = spawnSync(command, words, { encoding: 'utf8' });
  if (status === 0) return launcher;
  lacksPlace(t, `no seccomp filter can be installed here (${error?.message ?? stderr.trim().split('\n').at(-1)})`);
  return undefined;
}
