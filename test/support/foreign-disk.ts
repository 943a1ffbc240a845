// A disk with a file system from elsewhere for one test: an image in a file, mounted by the kernel, or by a program
// where the kernel does not know it.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const IMAGE_BYTES = 48 * 1024 * 1024;

export interface ForeignDisk {
  readonly name: string;
  /** Whether `Name` and `name` are one name. */
  readonly folds: boolean;
  /** Shell lines; `$1` is the image and `$2` the mount point. Of those that mount, the first that works is taken. */
  readonly make: string;
  readonly mounts: readonly string[];
  /** False: the guest's kernel does not know it either. */
  readonly isInGuest?: boolean;
  /** Of its image; absent: IMAGE_BYTES. */
  readonly bytes?: number;
}

const LOOP = 'mount -o loop';
const DEVICE = 'device=$(losetup --find --show "$1")';

/** A server and its client on one machine: only in a guest, whose kernel nobody else's exports are in. */
const NFS = `
test -n "$MTORRENT_TEST_GUEST" || { echo "a server is started in a guest only" >&2; exit 1; }
mkdir -p "$1.exported" /var/lib/nfs/v4recovery
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
mount -t nfsd nfsd /proc/fs/nfsd
exportfs -o rw,no_root_squash,no_subtree_check,fsid=0 "*:$1.exported" && rpc.nfsd -N 3 && rpc.mountd -N 3 &&
mount -t nfs -o vers=4.2 127.0.0.1:/ "$2"`;

export const FOREIGN_DISKS: readonly ForeignDisk[] = [
  { name: 'FAT', folds: true, make: 'mkfs.vfat "$1"', mounts: [`${LOOP} -t vfat -o utf8 "$1" "$2"`] },
  {
    // A look at `name` finds nothing beside `Name`, and yet both cannot be made.
    name: 'FAT with iocharset=utf8',
    folds: true,
    make: 'mkfs.vfat "$1"',
    mounts: [`${LOOP} -t vfat -o iocharset=utf8 "$1" "$2"`],
  },
  {
    name: 'exFAT',
    folds: true,
    make: 'mkfs.exfat "$1"',
    mounts: [
      `${LOOP} -t exfat "$1" "$2"`,
      `${DEVICE}; mount.exfat-fuse "$device" "$2"; status=$?; losetup --detach "$device"; exit $status`,
    ],
  },
  { name: 'NTFS', folds: false, make: 'mkfs.ntfs -F -f -q "$1"', mounts: ['ntfs-3g "$1" "$2"'] },
  {
    name: 'NTFS as Windows has it',
    folds: true,
    make: 'mkfs.ntfs -F -f -q "$1"',
    mounts: ['lowntfs-3g -o ignore_case "$1" "$2"'],
  },
  { name: 'NFS', folds: false, make: 'true', mounts: [NFS] },
  {
    name: 'ext4 without case',
    folds: true,
    make: 'mkfs.ext4 -q -O casefold "$1"',
    mounts: [`${LOOP} "$1" "$2" && mkdir "$2/folds" && chattr +F "$2/folds" && mount --bind "$2/folds" "$2"`],
    isInGuest: false,
  },
];

/** File systems whose files can share their bytes. None of them makes a smaller one. */
export const CLONING_DISKS: readonly ForeignDisk[] = [
  { name: 'XFS', folds: false, make: 'mkfs.xfs -q -m reflink=1 "$1"', mounts: [`${LOOP} "$1" "$2"`], bytes: 2 ** 29 },
  { name: 'btrfs', folds: false, make: 'mkfs.btrfs -q "$1"', mounts: [`${LOOP} "$1" "$2"`], bytes: 2 ** 29 },
];

/** Its mount point, or why this machine cannot have it. Call it after `stageSwarm`. */
export function foreignDisk(t: TestContext, disk: ForeignDisk): { readonly at: string } | { readonly lacks: string } {
  const directory = mkdtempSync(join(tmpdir(), 'mtorrent-disk-'));
  const [image, mount] = [join(directory, 'image'), join(directory, 'mount')];
  t.after(() => {
    // Bound twice, it is unmounted twice.
    while (spawnSync('umount', [mount]).status === 0);
    rmSync(directory, { recursive: true });
  });
  mkdirSync(mount);
  writeFileSync(image, '');
  truncateSync(image, disk.bytes ?? IMAGE_BYTES);
  const complaints: string[] = [];
  for (const line of disk.mounts) {
    const { status, stderr } = spawnSync('sh', ['-c', `${disk.make} && { ${line}\n}`, 'sh', image, mount], {
      encoding: 'utf8',
    });
    if (status === 0) return { at: mount };
    complaints.push(stderr);
  }
  return { lacks: `${disk.name} cannot be mounted here (${complaints.join(' ').replaceAll(/\s+/g, ' ').trim()})` };
}
