import fc from 'fast-check'

/** A sample as a page may hold it. */
export interface Printed {
  readonly name: string
  readonly labels: readonly (readonly [string, string])[]
  readonly value: number
  readonly time_ms: number | undefined
}

const plainName = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/)
const plainLabel = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,5}$/)
const anyText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => text.isWellFormed())

export const samples: fc.Arbitrary<Printed[]> = fc.array(
  fc.record({
    name: fc.oneof({ weight: 3, arbitrary: plainName }, anyText),
    labels: fc.uniqueArray(
      fc.tuple(fc.oneof({ weight: 3, arbitrary: plainLabel }, anyText), fc.string({ unit: 'grapheme', maxLength: 6 })),
      { maxLength: 4, selector: ([name]) => name },
    ),
    value: fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 1e22, 1e23, 0.1 + 0.2)),
    time_ms: fc.option(fc.integer({ min: -1e12, max: 4e12 }), { nil: undefined }),
  }),
  { maxLength: 12 },
)

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value)
  return value > 0 ? '+Inf' : '-Inf'
}

function headText({ name, labels }: Printed): string {
  const pairs = labels.map(([label, value]) => {
    return `${/^[a-zA-Z_]\w*$/.test(label) ? label : `"${escaped(label)}"`}="${escaped(value)}"`
  })
  if (!/^[a-zA-Z_:][\w:]*$/.test(name)) return `{${[`"${escaped(name)}"`, ...pairs].join(',')}}`
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`
}

/** The lines of a page in either format, without an end. */
export function printed(list: readonly Printed[], format: 'text' | 'openmetrics'): string {
  const time = ({ time_ms }: Printed): string => {
    if (time_ms === undefined) return ''
    return format === 'text' ? ` ${time_ms}` : ` ${time_ms / 1000}`
  }
  return list.map((sample) => `${headText(sample)} ${numberText(sample.value)}${time(sample)}\n`).join('')
}
