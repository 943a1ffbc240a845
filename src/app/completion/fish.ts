// Writes the completion script for fish 3.1 and later. One function of the script finds the command and the place of
// the cursor, and every rule asks it. Pure.

import { type CommandRule, ENTRIES_AWK, everyRule, type Offers } from './grammar.js';

export function fishScript(program: CommandRule): string {
  const rules = everyRule(program);
  return [
    '# Completion of mtorrent for fish. To use it: mtorrent completion fish > ~/.config/fish/completions/mtorrent.fish',
    '',
    `set -g __mtorrent_commands ${rules.flatMap(commandWords).map(quoted).join(' ')}`,
    `set -g __mtorrent_valued ${rules.flatMap(valuedFlags).map(quoted).join(' ')}`,
    '',
    AT,
    'complete -c mtorrent -e',
    'complete -c mtorrent -f',
    ...rules.flatMap((rule) => [...commandLines(rule), ...placeLines(rule), ...flagLines(rule)]),
    '',
  ].join('\n');
}

/** 'config/show=config show': the subcommand that a word selects. */
function commandWords({ words, commands }: CommandRule): readonly string[] {
  return commands.flatMap((below) => [below.word, ...below.aliases].map((word) => `${words}/${word}=${below.words}`));
}

/** 'create/--out': flags that take the next word as their value. */
function valuedFlags({ words, flags }: CommandRule): readonly string[] {
  return flags.flatMap(({ names, offers }) => (offers === undefined ? [] : names.map((name) => `${words}/${name}`)));
}

function commandLines({ words, commands }: CommandRule): readonly string[] {
  return commands.map(
    (below) => `complete -c mtorrent -n ${condition(words, 0)} -a ${below.word} -d ${quoted(below.description)}`,
  );
}

function placeLines({ words, places }: CommandRule): readonly string[] {
  return places.flatMap(({ offers, repeats }, at) => {
    const offered = argumentsOf(offers);
    return offered === '' ? [] : [`complete -c mtorrent -n ${condition(words, at, repeats)} ${offered}`];
  });
}

function flagLines({ words, flags }: CommandRule): readonly string[] {
  return flags.map(({ names, description, offers }) => {
    const spelled = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
    const value = offers === undefined ? '' : offers === 'files' ? ' -r -F' : ` -x ${argumentsOf(offers)}`.trimEnd();
    return `complete -c mtorrent -n ${condition(words)} ${spelled.join(' ')}${value} -d ${quoted(description)}`;
  });
}

function argumentsOf(offers: Offers): string {
  switch (offers) {
    case 'nothing':
      return '';
    case 'files':
      return '-F';
    case 'directories':
      return "-a '(__fish_complete_directories (commandline -ct))'";
    case 'entries':
      return "-a '(__mtorrent_entries)'";
    case 'mtorrents':
      return "-a '(__mtorrent_files)'";
    default:
      return `-a ${quoted(offers.join(' '))}`;
  }
}

function condition(words: string, place?: number, andLater = false): string {
  const where = place === undefined ? '' : ` ${place}${andLater ? '+' : ''}`;
  return quoted(`__mtorrent_at "${words}"${where}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

const AT = `# COMMAND [PLACE]: whether the cursor is on that command, and on its argument number PLACE; 2+ is 2 or later.
function __mtorrent_at
    set -l tokens (commandline -opc)
    set -l command ''
    set -l place 0
    set -l wanted 0
    set -l plain 0
    for word in $tokens[2..-1]
        if test $wanted = 1
            set wanted 0
        else if test $plain = 0; and test "$word" = --
            set plain 1
        else if test $plain = 0; and string match -q -- '-*' $word
            contains -- "$command/$word" $__mtorrent_valued; and set wanted 1
        else
            set -l next (string match -- "$command/$word=*" $__mtorrent_commands)
            if test $place = 0; and test (count $next) -gt 0
                set command (string split -m 1 = -- $next[1])[2]
            else
                set place (math $place + 1)
            end
        end
    end
    test "$command" = "$argv[1]"; or return 1
    test (count $argv) -eq 1; and return 0
    if string match -q -- '*+' $argv[2]
        test $place -ge (string trim -c + -- $argv[2])
    else
        test $place -eq $argv[2]
    end
end

# The paths in the .mtorrent of the line.
function __mtorrent_entries
    set -l file ''
    for word in (commandline -op)
        set -l plain (string unescape -- $word)
        test -n "$plain"; or set plain $word
        string match -q -- '*.mtorrent' $plain; and set file (string replace -r '^~/' "$HOME/" -- $plain)
    end
    test -f "$file"; or return
    set -lx P (string replace -r '^--[a-z]+=' '' -- (commandline -ct))
    set -lx LC_ALL C
    awk '${ENTRIES_AWK}' "$file" 2> /dev/null
end

# Files that end in .mtorrent, and directories.
function __mtorrent_files
    __fish_complete_path (commandline -ct) | string match -r '^[^\\t]*(?:/|\\.mtorrent)(?:\\t.*)?$'
end
`;
