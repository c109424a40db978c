import { parseDuration } from '#core/config/duration.ts'
import { compileRegex } from '#core/matching.ts'
import { general, humanize, humanize1024, humanizeDuration, humanizePercentage } from '#core/quantities.ts'

import type { Active } from '../alert-states.ts'
import { BUILTINS, type Parameter, type TemplateFunction, urlQuery } from './builtins.ts'
import { timeAt } from './time.ts'
import { Dict, failed, floatOf, goFloat, Struct, type Value } from './values.ts'

/** What templates see of the world around them. */
export interface World {
  readonly external_url: string
  /** The time of the evaluation. */
  readonly time_ms: number
  /** The vector that an expression gives at that time. */
  query(expr: string): readonly Active[]
}

type Function = TemplateFunction<World>

const of = (parameters: readonly Parameter[], call: (args: readonly Value[], world: World) => Value): Function => ({
  parameters,
  call,
})
const texts = (count: number, call: (...args: readonly string[]) => Value): Function =>
  of(
    Array.from({ length: count }, () => 'string'),
    (args) => call(...(args as readonly string[])),
  )
const quantity = (print: (value: number) => Value): Function => of(['any'], ([value]) => print(floatOf(value!)))

const sampleOf = ({ labels, value }: Active): Struct =>
  new Struct('*template.sample', { Labels: new Dict(labels), Value: value })

const labelsOf = (sample: Value): Dict => (sample as Struct).fields['Labels'] as Dict

/** Functions of Prometheus' templates, by name. Source: Prometheus, template/template.go. */
const OURS: Readonly<Record<string, Function>> = {
  query: of(['string'], ([expr], world) => world.query(expr as string).map(sampleOf)),
  first: of(['vector'], ([vector]) => {
    const [first] = vector as readonly Value[]
    if (first === undefined) throw failed('first() called on vector with no elements')
    return first
  }),
  label: of(['string', 'sample'], ([name, sample]) => labelsOf(sample!).get(name as string)),
  value: of(['sample'], ([sample]) => (sample as Struct).fields['Value'] as number),
  strvalue: of(['sample'], ([sample]) => labelsOf(sample!).get('__value__')),
  sortByLabel: of(['string', 'vector'], ([name, vector]) => {
    const key = (sample: Value): string => labelsOf(sample).get(name as string) as string
    return (vector as readonly Value[]).toSorted((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))))
  }),
  args: {
    parameters: ['any'],
    rest: true,
    call: (args) =>
      new Dict(
        args.map((arg, i) => [`arg${i}`, arg]),
        null,
        'map[string]interface {}',
      ),
  },
  humanize: quantity(humanize),
  humanize1024: quantity(humanize1024),
  humanizeDuration: quantity(humanizeDuration),
  humanizePercentage: quantity(humanizePercentage),
  humanizeTimestamp: quantity((seconds) =>
    Number.isFinite(seconds) ? timeAt(inNanoseconds(seconds)).text() : general(seconds),
  ),
  toTime: quantity((seconds) => timeAt(inNanoseconds(seconds))),
  toDuration: quantity((seconds) => new Struct('*time.Duration', { seconds }, () => goDuration(seconds))),
  now: of([], (_, { time_ms }) => time_ms / 1000),
  parseDuration: texts(1, (text) => {
    const ms = parseDuration(text)
    if (ms === undefined) throw failed(`not a valid duration string: ${JSON.stringify(text)}`)
    return ms / 1000
  }),
  title: texts(1, (text) => text.replaceAll(/(?<![\p{L}\p{N}_.'’])\p{L}/gu, (letter) => letter.toUpperCase())),
  toUpper: texts(1, (text) => text.toUpperCase()),
  toLower: texts(1, (text) => text.toLowerCase()),
  match: texts(2, (pattern, text) => compileRegex(pattern).matcher(text).find()),
  reReplaceAll: texts(3, (pattern, replacement, text) => replaceAll(pattern, replacement, text)),
  stripPort: texts(1, (text) => hostPort(text)?.[0] ?? text),
  stripDomain: texts(1, (text) => stripDomain(text)),
  graphLink: texts(1, (expr) => `/graph?g0.expr=${urlQuery(expr)}&g0.tab=0`),
  tableLink: texts(1, (expr) => `/graph?g0.expr=${urlQuery(expr)}&g0.tab=1`),
  urlQueryEscape: texts(1, (text) => urlQuery(text)),
  safeHtml: texts(1, (text) => text),
  externalURL: of([], (_, { external_url }) => external_url),
  pathPrefix: of([], (_, { external_url }) =>
    URL.canParse(external_url) ? new URL(external_url).pathname.replace(/\/$/, '') : '',
  ),
}

export const FUNCTIONS: Readonly<Record<string, Function>> = { ...BUILTINS, ...OURS }

/** As milliseconds; throws where Go's nanoseconds end. */
function inNanoseconds(seconds: number): number {
  if (!Number.isFinite(seconds)) throw failed('value is NaN or Inf')
  if (Math.abs(seconds * 1e9) >= 2 ** 63) {
    throw failed(`${goFloat(seconds)} cannot be represented as a nanoseconds timestamp since it overflows int64`)
  }
  return Math.trunc(seconds * 1000)
}

/** As Go prints a duration: `1h30m0.5s`. */
function goDuration(seconds: number): string {
  const size = Math.abs(seconds)
  const sign = seconds < 0 ? '-' : ''
  if (size === 0) return '0s'
  if (size < 1e-6) return `${sign}${Math.round(size * 1e9)}ns`
  if (size < 1e-3) return `${sign}${goFloat(Number((size * 1e6).toFixed(3)))}µs`
  if (size < 1) return `${sign}${goFloat(Number((size * 1e3).toFixed(6)))}ms`
  const [h, m] = [Math.floor(size / 3600), Math.floor(size / 60) % 60]
  const s = goFloat(Number((size - Math.floor(size / 60) * 60).toFixed(9)))
  return `${sign}${h > 0 ? `${h}h` : ''}${h > 0 || m > 0 ? `${m}m` : ''}${s}s`
}

/** Go's net.SplitHostPort; undefined where there is no port. */
function hostPort(text: string): readonly [host: string, port: string] | undefined {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text)
  return match === null ? undefined : [match[1] ?? match[2] ?? '', match[3]!]
}

function stripDomain(text: string): string {
  const [host, port] = hostPort(text) ?? [text, '']
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || host.includes(':')) return text
  const short = host.split('.')[0]!
  return port === '' ? short : `${short}:${port}`
}

/** `$1`, `${1}`, `$name`, `$$` as Go's regexp expands them. */
function replaceAll(pattern: string, replacement: string, subject: string): string {
  const regex = compileRegex(pattern)
  const matcher = regex.matcher(subject)
  let [out, at] = ['', 0]
  while (matcher.find()) {
    out += subject.slice(at, matcher.start()) + expanded(replacement, matcher, regex.namedGroups())
    at = matcher.end()
  }
  return out + subject.slice(at)
}

function expanded(
  replacement: string,
  matcher: { group(i: number): string | null; groupCount(): number },
  names: Readonly<Record<string, number>>,
): string {
  return replacement.replaceAll(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar?: string, braced?: string, bare?: string) => {
    if (dollar !== undefined) return '$'
    const name = braced ?? bare!
    const group = /^\d+$/.test(name) ? Number(name) : names[name]
    return group === undefined || group > matcher.groupCount() ? '' : (matcher.group(group) ?? '')
  })
}
