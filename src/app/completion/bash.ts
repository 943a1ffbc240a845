// Writes the completion script for bash 3.2 and later, which needs no other completion package. The script holds every
// command, so Tab starts no program. Pure.

import { type CommandRule, ENTRIES_AWK, everyRule, type Offers } from './grammar.js';

export function bashScript(program: CommandRule): string {
  const rules = everyRule(program);
  return [
    '# Completion of mtorrent for bash. To use it in this shell: eval "$(mtorrent completion bash)"',
    '',
    '# COMMAND WORD: sets `next` to the subcommand WORD of COMMAND, if there is one.',
    ...lookup('__mtorrent_command', 'next', commandCases(rules)),
    '# COMMAND FLAG: sets `kind` to the kind of its value, if it takes one.',
    ...lookup('__mtorrent_flag', 'kind', flagCases(rules)),
    '# COMMAND PLACE: sets `kind` to what is offered there; PLACE counts from 0.',
    ...lookup('__mtorrent_place', 'kind', placeCases(rules)),
    '# COMMAND: sets `kind` to its flags.',
    ...lookup(
      '__mtorrent_flags',
      'kind',
      rules.map(({ words, flags }) => [[words], flagWords(flags)] as const),
    ),
    ENTRIES,
    OFFER,
    COMPLETE,
    'complete -F _mtorrent mtorrent',
    '',
  ].join('\n');
}

type Cases = readonly (readonly [patterns: readonly string[], answer: string])[];

function commandCases(rules: readonly CommandRule[]): Cases {
  return rules.flatMap(({ words, commands }) =>
    commands.map((below) => [[below.word, ...below.aliases].map((word) => `${words}/${word}`), below.words] as const),
  );
}

function flagCases(rules: readonly CommandRule[]): Cases {
  return rules.flatMap(({ words, flags }) =>
    flags.flatMap(({ names, offers }) =>
      offers === undefined ? [] : [[names.map((name) => `${words}/${name}`), kindOf(offers)] as const],
    ),
  );
}

function placeCases(rules: readonly CommandRule[]): Cases {
  return rules.flatMap(({ words, places, commands }) => {
    const own = places.map(({ offers, repeats }, at): Cases[number] => [
      // A repeating place is the last one, so every later number means it.
      [repeats ? `${words}/*` : `${words}/${at}`],
      kindOf(offers),
    ]);
    const below: Cases = commands.length === 0 ? [] : [[[`${words}/0`], commands.map(({ word }) => word).join(' ')]];
    return [...below, ...own.filter((_, at) => at > 0 || below.length === 0)];
  });
}

function flagWords(flags: CommandRule['flags']): string {
  return flags.flatMap(({ names }) => names).join(' ');
}

function kindOf(offers: Offers): string {
  return typeof offers === 'string' ? offers : offers.join(' ');
}

/** A pattern of `case` in which only a star at its end is special. */
function quoted(pattern: string): string {
  return pattern.endsWith('*') ? `'${pattern.slice(0, -1)}'*` : `'${pattern}'`;
}

/** A function that looks up its arguments, joined by `/`, and sets a variable of its caller. */
function lookup(name: string, variable: string, cases: Cases): readonly string[] {
  return [
    `${name}() {`,
    `  ${variable}=''`,
    `  case "$1\${2:+/$2}" in`,
    ...cases.map(([patterns, answer]) => `    ${patterns.map(quoted).join(' | ')}) ${variable}='${answer}' ;;`),
    '  esac',
    '}',
    '',
  ];
}

/** Of the .mtorrent on the line, wherever it stands. */
const ENTRIES = `# CURRENT: prints the paths in the .mtorrent of the line that begin so.
__mtorrent_entries() {
  local word file=''
  for word in "\${COMP_WORDS[@]}"; do
    word=\${word//\\\\/}
    word=\${word#[\\"\\']}
    word=\${word%[\\"\\']}
    [[ $word == *.mtorrent ]] && file=\${word/#\\~\\//$HOME/}
  done
  [[ -f $file ]] && P=$1 LC_ALL=C awk '${ENTRIES_AWK}' "$file" 2> /dev/null
}
`;

/** compgen prints one name a line, so a name that contains a line feed is offered in parts; that does no harm. */
const OFFER = `# KIND CURRENT: fills COMPREPLY.
__mtorrent_offer() {
  local name
  case $1 in
    files | directories | mtorrents) compopt -o filenames 2> /dev/null ;;
    entries) compopt -o filenames -o nospace 2> /dev/null ;;
  esac
  while IFS= read -r name; do
    COMPREPLY+=("$name")
  done < <(
    case $1 in
      nothing) ;;
      files) compgen -f -- "$2" ;;
      directories) compgen -d -- "$2" ;;
      mtorrents)
        compgen -d -- "$2"
        compgen -f -X '!*.mtorrent' -- "$2"
        ;;
      entries) __mtorrent_entries "$2" ;;
      *) compgen -W "$1" -- "$2" ;;
    esac
  )
}
`;

const COMPLETE = `_mtorrent() {
  local command='' next kind='' wanted='' plain='' place=0 at word glue='' cut prefix=''
  local -a words=()
  COMPREPLY=()
  # bash splits 192.0.2.1:7001 and --flag=value at : and =; this joins them again.
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ $at -gt 0 && ( -n $glue || ( -n $word && -z \${word//[:=]/} ) ) ]]; then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    if [[ -n $word && -z \${word//[:=]/} ]]; then glue=1; else glue=''; fi
  done
  local last=$((\${#words[@]} - 1))
  for ((at = 1; at < last; at++)); do
    word=\${words[at]}
    if [[ -n $wanted ]]; then
      wanted=''
    elif [[ -z $plain && $word == -- ]]; then
      plain=1
    elif [[ -z $plain && $word == -* ]]; then
      __mtorrent_flag "$command" "$word"
      wanted=$kind
    else
      __mtorrent_command "$command" "$word"
      if [[ $place -eq 0 && -n $next ]]; then command=$next; else place=$((place + 1)); fi
    fi
  done
  local current=\${words[last]} raw=\${COMP_WORDS[COMP_CWORD]}
  [[ -z \${raw//[:=]/} ]] && raw=''
  if [[ -z $wanted && -z $plain && $current == --*=* ]]; then
    __mtorrent_flag "$command" "\${current%%=*}"
    wanted=\${kind:-nothing}
    [[ $raw == --*=* ]] && prefix=\${current%%=*}= && raw=\${raw#*=}
    current=\${current#*=}
  fi
  # A quoted or escaped name is looked up as it is on the disk.
  current=\${current#[\\"\\']} raw=\${raw#[\\"\\']}
  current=\${current//\\\\/} raw=\${raw//\\\\/}
  if [[ -n $wanted ]]; then
    kind=$wanted
  elif [[ -z $plain && $current == -* ]]; then
    __mtorrent_flags "$command"
  else
    __mtorrent_place "$command" "$place"
  fi
  __mtorrent_offer "\${kind:-nothing}" "$current"
  # What stands before the last split is already on the line.
  cut=$((\${#current} - \${#raw}))
  for at in "\${!COMPREPLY[@]}"; do
    COMPREPLY[at]=$prefix\${COMPREPLY[at]:cut}
  done
}
`;
