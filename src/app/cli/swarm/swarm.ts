// `mtorrent swarm …`, `join` and `leave`: declares what a person types about a closed swarm. What it does is loaded
// when it is asked for.

import type { Argv } from 'yargs';
import { settingFlags } from '../../settings/table.js';
import { type RunCommand, settingsOf } from '../context.js';
import { INVITED_ROLES, MEMBER_ROLES } from './roles.js';

const IDENTITY = settingFlags('identity');
const JSON_FLAG = { type: 'boolean', default: false, describe: 'as one JSON object' } as const;
const REPLACE = {
  type: 'boolean',
  default: false,
  describe: 'keep the files of the swarm that this machine belongs to aside',
} as const;
const ROOT_KEY = {
  type: 'string',
  describe: 'a file with the root key: PEM, or the line that `root show` prints',
} as const;
const FOR = { type: 'string', default: '1h', describe: 'how long it is good: 10m, 24h, at most 30d' } as const;

export function swarmCommands(parser: Argv, run: RunCommand): void {
  parser.command('swarm', 'make a closed swarm, and say who belongs to it', (args) => {
    makingCommands(args, run);
    memberCommands(args, run);
    args.command('root', 'the key that says which trackers a swarm has', (root) => {
      rootCommands(root, run);
      return root.demandCommand(1, 1, 'write show, remove, sign or withdraw behind root');
    });
    return args.demandCommand(1, 1, 'write init, invite, members, ban, unban, status, enroll or root behind swarm');
  });
  parser.command(
    'join [invitation]',
    'become a member of a closed swarm by an invitation',
    (args) =>
      args
        .positional('invitation', {
          type: 'string',
          describe: 'mtj1… as it was given to you; -: from standard input; nothing: asked for, unseen',
        })
        .option('name', { type: 'string', describe: 'what this machine is to be called [default: user@host]' })
        .option('cert', {
          type: 'string',
          describe: 'a certificate (PEM) of the authority by which the trackers admit; for a line of invite --by-ca',
        })
        .option('key', { type: 'string', describe: 'the file with its key (PEM)' })
        .option('replace', REPLACE)
        .options(IDENTITY)
        .example('$0 join mtj1aebagba…', ''),
    (args) => run(async () => (await import('./joining.js')).runJoin(args, await settingsOf(args))),
  );
  parser.command(
    'leave',
    "delete this machine's keys of its closed swarm",
    (args) => args.options(IDENTITY),
    (args) => run(async () => (await import('./joining.js')).runLeave(await settingsOf(args))),
  );
}

function makingCommands(args: Argv, run: RunCommand): void {
  args.command(
    'init [name] [tracker1] [tracker2]',
    'make a closed swarm, whose administrator you are',
    (flags) =>
      flags
        .positional('name', { type: 'string', describe: 'a name for it: a-z, 0-9, . _ @ -' })
        .positional('tracker1', { type: 'string', describe: 'ip:port of its first tracker, on this machine' })
        .positional('tracker2', { type: 'string', describe: 'ip:port of its second tracker' })
        .option('home', {
          type: 'boolean',
          default: false,
          describe: 'close the swarm that `mtorrent` alone has made on this machine',
        })
        .option('name-me', { type: 'string', describe: 'what you are to be called in it [default: user@host]' })
        .option('root-key', { ...ROOT_KEY, describe: 'use this root key (PEM) instead of a new one' })
        .option('tracker-identity', {
          type: 'string',
          describe: "the directory for the first tracker's key, if a service of another user runs it",
        })
        .option('replace', REPLACE)
        .options(settingFlags('identity', 'state-dir'))
        .example('$0 swarm init lab 192.0.2.11:7001 192.0.2.12:7001', ''),
    (flags) => run(async () => (await import('./making.js')).runInit(flags, await settingsOf(flags))),
  );
  args.command(
    'enroll <name>',
    'make an identity for others, such as the pods of a deployment',
    (flags) =>
      flags
        .positional('name', { type: 'string', demandOption: true, describe: 'what they are called, all together' })
        .option('role', { choices: MEMBER_ROLES, default: 'reader', describe: 'what they may do' })
        .option('out', { type: 'string', demandOption: true, describe: 'the directory to make' })
        .options(IDENTITY)
        .example('$0 swarm enroll pods --role reader --out pods', ''),
    (flags) => run(async () => (await import('./making.js')).runEnroll(flags, await settingsOf(flags))),
  );
}

function memberCommands(args: Argv, run: RunCommand): void {
  args.command(
    'invite',
    'print the line by which another machine joins',
    (flags) =>
      flags
        .option('role', { choices: INVITED_ROLES, default: 'client', describe: 'what it may do' })
        .option('uses', { type: 'number', default: 1, describe: 'how many machines may use it' })
        .option('for', FOR)
        .option('by-ca', {
          type: 'boolean',
          default: false,
          describe: 'a line for machines with a certificate of the authority that the trackers know: no secret in it',
        })
        .option('root-key', ROOT_KEY)
        .options(IDENTITY)
        .example('$0 swarm invite --role reader --uses 200 --for 24h', ''),
    (flags) => run(async () => (await import('./members.js')).runInvite(flags, await settingsOf(flags))),
  );
  args.command(
    'members',
    'show who belongs to the swarm',
    (flags) => flags.options(IDENTITY).option('json', JSON_FLAG),
    (flags) => run(async () => (await import('./members.js')).runMembers(flags.json, await settingsOf(flags))),
  );
  for (const [word, isBanned, describe] of [
    ['ban', true, 'shut a member out, everywhere and at once'],
    ['unban', false, 'let a member in again'],
  ] as const)
    args.command(
      `${word} <member>`,
      describe,
      (flags) =>
        flags
          .positional('member', { type: 'string', demandOption: true, describe: 'its name, or the letters of its key' })
          .options(IDENTITY),
      (flags) =>
        run(async () => (await import('./members.js')).runBan(flags.member, isBanned, await settingsOf(flags))),
    );
  args.command(
    'status',
    'show what this machine is in its swarm, and how its trackers are',
    (flags) => flags.options(IDENTITY).option('json', JSON_FLAG),
    (flags) => run(async () => (await import('./status.js')).runStatus(flags.json, await settingsOf(flags))),
  );
}

function rootCommands(root: Argv, run: RunCommand): void {
  root.command(
    'show',
    'print the root key as one line, to be kept elsewhere',
    (flags) => flags.option('root-key', ROOT_KEY).options(IDENTITY),
    (flags) => run(async () => (await import('./root.js')).runRootShow(flags, await settingsOf(flags))),
  );
  root.command(
    'remove',
    'delete the root key here, after its line was typed once more',
    (flags) => flags.options(IDENTITY),
    (flags) => run(async () => (await import('./root.js')).runRootRemove(await settingsOf(flags))),
  );
  root.command(
    'sign <request>',
    'let a machine be a tracker: answers mtreq1… with mtgrant1…',
    (flags) =>
      flags
        .positional('request', { type: 'string', demandOption: true, describe: 'mtreq1… as that machine printed it' })
        .option('root-key', ROOT_KEY)
        .options(IDENTITY),
    (flags) => run(async () => (await import('./root.js')).runRootSign(flags, await settingsOf(flags))),
  );
  root.command(
    'withdraw <tracker>',
    'shut a tracker out, and make void what it said',
    (flags) =>
      flags
        .positional('tracker', {
          type: 'string',
          demandOption: true,
          describe: 'its name, ip:port, or letters of its key',
        })
        .option('root-key', ROOT_KEY)
        .options(IDENTITY),
    (flags) => run(async () => (await import('./root.js')).runRootWithdraw(flags, await settingsOf(flags))),
  );
}
