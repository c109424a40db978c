/** UCUM → the word in a Prometheus name. Source: otlptranslator, unit_namer. Unknown units stay as they are. */
const MAIN: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tebibytes'],
  ['KBy', 'kilobytes'],
  ['kBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['%', 'percent'],
  ['1', ''],
])

/** The same behind a `/`. */
const PER: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
])

function word(part: string, known: ReadonlyMap<string, string>, escape: boolean): string {
  const unit = part.trim()
  if (/[{}]/.test(unit)) return ''
  const said = known.get(unit) ?? unit
  return escape ? said.replaceAll(/[^A-Za-z0-9:]+/g, '_').replaceAll(/^_+|_+$/g, '') : said
}

/** The words that a unit adds to a name, '' where it adds none: `By/s` → `['bytes', 'second']`. `escape`: in letters, digits and underscores. */
export function unitWords(unit: string, escape = true): readonly [main: string, per: string] {
  const slash = unit.indexOf('/')
  if (slash < 0) return [word(unit, MAIN, escape), '']
  return [word(unit.slice(0, slash), MAIN, escape), word(unit.slice(slash + 1), PER, escape)]
}
