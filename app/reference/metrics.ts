import { parseSync, Visitor } from 'oxc-parser'

/** An instrument, as the code makes it at the port `Meter`. */
export interface Instrument {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** OpenTelemetry's: `barograph.store.size`. */
  readonly name: string
  /** UCUM, '' where there is none. */
  readonly unit: string
  readonly description: string
}

/** Series that are written beside instruments: results, and what is counted from logs. */
const RESULTS: readonly (readonly [name: string, labels: string, meaning: string])[] = [
  [
    'barograph_score',
    'those of the series, `rule`, `metric`',
    'How unusual the newest value is; anomalous from 1. Of rules that are not mere evidence.',
  ],
  ['barograph_expected', 'the same', 'The value that was expected.'],
  ['barograph_lower, barograph_upper', 'the same', 'The ends of the band.'],
  [
    'barograph_forecast',
    'those of the series, `rule`, `quantile`',
    'Forecasts at the time that they are for, which may lie in the future.',
  ],
  [
    'barograph_forecast_ahead',
    'the same and `horizon`',
    'Forecasts at the present, for readers that cannot ask for the future.',
  ],
  ['barograph_replicas', '`policy`, `kind`', 'Replicas of scaling policies: `wanted`, `needed_now`, `min`, `max`.'],
  ['barograph_log_records_total', '`service_name`, level and template', 'Log records by what they say.'],
  ['ALERTS, ALERTS_FOR_STATE', 'those of the alert, `alertstate`', 'As in Prometheus.'],
]

const WORDS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' }
const KINDS: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram'])

/** As it stands in the store and in `/metrics`: `barograph_store_size_bytes`. */
export function seriesName({ kind, name, unit }: Instrument): string {
  const word = WORDS[unit]
  const words = name.split(/[._]/)
  const base = [...words, ...(word === undefined || words.includes(word) ? [] : [word])].join('_')
  return kind === 'counter' ? `${base}_total` : base
}

/** The instruments of one source file. Throws where one is not written as literals: then it could not be listed. */
export function instrumentsOf(file: string, text: string): Instrument[] {
  const { program } = parseSync(file, text)
  const constants = new Map<string, string>()
  const found: Instrument[] = []
  new Visitor({
    VariableDeclarator({ id, init }) {
      if (id.type === 'Identifier' && init?.type === 'Literal') constants.set(id.name, String(init.value))
    },
    CallExpression({ callee, arguments: [first, options] }) {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return
      const kind = callee.property.name
      if (!KINDS.has(kind) || first?.type !== 'Literal' || !String(first.value).startsWith('barograph.')) return
      const texts = new Map<string, string>()
      for (const property of options?.type === 'ObjectExpression' ? options.properties : []) {
        if (property.type !== 'Property' || property.key.type !== 'Identifier') continue
        const { value } = property
        if (value.type === 'Literal') texts.set(property.key.name, String(value.value))
        if (value.type === 'Identifier') texts.set(property.key.name, constants.get(value.name) ?? '')
      }
      const description = texts.get('description') ?? ''
      if (description === '') throw new Error(`${file}: ${String(first.value)} has no description that can be read`)
      found.push({
        kind: kind as Instrument['kind'],
        name: String(first.value),
        unit: texts.get('unit') ?? '',
        description,
      })
    },
  }).visit(program)
  return found
}

const HEAD = `# Metrics

Barograph sends these to itself (\`observe_self\`) and shows them in \`/metrics\`. A histogram has \`_bucket\`, \`_count\` and \`_sum\`. Labels beside
those of the process (\`job\`, \`instance\`, \`service_name\`, \`host_name\`) are named in the description: “by outcome”.

Generated from the code by \`npm run reference\`.
`

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\.$/, '')

/** Markdown: what the process tells of itself by room, then results. */
export function metricsReference(instruments: readonly Instrument[]): string {
  const roomOf = ({ name }: Instrument): string => name.split('.')[1] ?? ''
  const sorted = instruments.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const sections = [...new Set(sorted.map(roomOf))].map((room) => {
    const rows = sorted
      .filter((one) => roomOf(one) === room)
      .map((one) => `| \`${seriesName(one)}\` | ${one.kind} | ${cell(one.description)} |`)
    return [`## ${room}`, '', '| series | type | meaning |', '| --- | --- | --- |', ...rows, ''].join('\n')
  })
  const results = RESULTS.map(([name, labels, meaning]) => {
    const names = name.split(', ').map((one) => `\`${one}\``)
    return `| ${names.join(', ')} | ${labels} | ${cell(meaning)} |`
  })
  const rest = ['## Results', '', '| series | labels | meaning |', '| --- | --- | --- |', ...results, ''].join('\n')
  return [HEAD, ...sections, rest].join('\n')
}
