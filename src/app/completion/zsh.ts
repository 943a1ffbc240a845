// Writes the completion script for zsh: one function a command, each a single call of _arguments, like the completions
// that come with zsh. Works from a directory of $fpath under the name _mtorrent, and through eval. Pure.

import { type CommandRule, ENTRIES_AWK, everyRule, type FlagRule, type Offers } from './grammar.js';

export function zshScript(program: CommandRule): string {
  return [
    '#compdef mtorrent',
    '# Completion of mtorrent for zsh. To use it in this shell: eval "$(mtorrent completion zsh)"',
    '',
    ...everyRule(program).flatMap(functionOf),
    ENTRIES,
    '# Autoloaded from $fpath this file is the function itself; through eval it registers it.',
    'if [[ $funcstack[1] == _mtorrent ]]; then',
    '  _mtorrent "$@"',
    'elif (( $+functions[compdef] )); then',
    '  compdef _mtorrent mtorrent',
    'fi',
    '',
  ].join('\n');
}

function functionOf(rule: CommandRule): readonly string[] {
  const specs = [...rule.flags.flatMap(flagSpecs), ...(rule.commands.length === 0 ? rule.places.map(placeSpec) : [])];
  if (rule.commands.length === 0) return [`${nameOf(rule)}() {`, `  _arguments -s -S \\`, ...continued(specs), '}', ''];
  return [
    `${nameOf(rule)}() {`,
    '  local curcontext="$curcontext" state line',
    '  typeset -A opt_args',
    // Words after a command are its own, including a flag of the same name.
    "  _arguments -C -s -A '-*' \\",
    ...continued([...specs, "'1: :->command'", "'*:: :->arguments'"]),
    '  case $state in',
    '    command)',
    '      local -a commands=(',
    ...rule.commands.map(({ word, description }) => `        ${quoted(`${word}:${description}`)}`),
    '      )',
    "      _describe -t commands 'command' commands",
    '      ;;',
    '    arguments)',
    '      case $line[1] in',
    ...rule.commands.map((below) => `        ${[below.word, ...below.aliases].join(' | ')}) ${nameOf(below)} ;;`),
    '      esac',
    '      ;;',
    '  esac',
    '}',
    '',
  ];
}

/** One for each name of a flag. */
function flagSpecs({ names, description, offers }: FlagRule): readonly string[] {
  const value = offers === undefined ? '' : `:value:${actionOf(offers)}`;
  return names.map((name) => {
    const equals = offers === undefined ? '' : name.startsWith('--') ? '=' : '+';
    return quoted(`*${name}${equals}[${description.replaceAll(/[[\]\\]/g, '\\$&')}]${value}`);
  });
}

function placeSpec({ name, offers, isRequired, repeats }: CommandRule['places'][number], at: number): string {
  return quoted(`${repeats ? '*' : at + 1}:${isRequired || repeats ? '' : ':'}${name}:${actionOf(offers)}`);
}

function actionOf(offers: Offers): string {
  switch (offers) {
    case 'nothing':
      return '';
    case 'files':
      return '_files';
    case 'directories':
      return '_files -/';
    case 'entries':
      return '_mtorrent_entries';
    case 'mtorrents':
      return '_files -g "*.mtorrent"';
    default:
      return `(${offers.join(' ')})`;
  }
}

const ENTRIES = `# The paths in the .mtorrent of the line.
_mtorrent_entries() {
  local word file=''
  for word in $words; do
    [[ \${(Q)word} == *.mtorrent ]] && file=\${\${(Q)word}/#\\~\\//$HOME/}
  done
  [[ -f $file ]] || return 1
  local -a found
  found=("\${(f)$(P=\${(Q)PREFIX} LC_ALL=C awk '${ENTRIES_AWK}' "$file" 2> /dev/null)}")
  [[ -n $found ]] && compadd -S '' -- $found
}
`;

function nameOf({ words }: CommandRule): string {
  return words === '' ? '_mtorrent' : `_mtorrent_${words.replaceAll(/[ -]/g, '_')}`;
}

function continued(specs: readonly string[]): readonly string[] {
  return specs.map((spec, at) => `    ${spec}${at === specs.length - 1 ? '' : ' \\'}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
