// What two servers have of the same telemetry, compared.
type Labels = Readonly<Record<string, string>>

/** Series by their labels as one text: samples, floats and histograms, in the order of time. */
export type Seen = ReadonlyMap<string, string>

interface Histogram {
  readonly count: string
  readonly sum: string
  readonly buckets?: readonly (readonly [number, string, string, string])[]
}

interface Series {
  readonly metric: Labels
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
  readonly histograms?: readonly (readonly [number, Histogram])[]
}

interface Exemplars {
  readonly seriesLabels: Labels
  readonly exemplars: readonly { readonly labels: Labels; readonly value: string; readonly timestamp: number }[]
}

async function data<T>(url: string, path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)
  const body = (await response.json()) as { readonly data: T; readonly error?: string }
  if (!response.ok) throw new Error(`${url}: ${body.error}`)
  return body.data
}

/** OTLP writes whole bounds without a point there, and as a scrape does here. */
function keyOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, text]): [string, string] => {
    const isNumber = (name === 'le' || name === 'quantile') && !Number.isNaN(Number(text))
    return [name, isNumber ? String(Number(text)) : text]
  })
  return JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function withoutBound(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'le'))
}

function rounded(text: string): string {
  const number = Number(text)
  return Number.isFinite(number) ? String(Number(number.toPrecision(11))) : text
}

/** Of the zero bucket the count: Prometheus gives one of OTLP a width of its own. A sum that was not told is 0 there, and none here. */
function histogramOf({ count, sum, buckets = [] }: Histogram): unknown {
  const told = buckets.map(([edges, from, to, n]) =>
    edges === 3 ? ['zero', rounded(n)] : [edges, rounded(from), rounded(to), rounded(n)],
  )
  return [rounded(count), sum === 'NaN' ? '0' : rounded(sum), told]
}

/** The samples of series within so many seconds before a time. */
export async function seenBefore(url: string, selector: string, time_s: number, span_s: number): Promise<Seen> {
  const query = `${selector}[${span_s}s]`
  const { result } = await data<{ result: Series[] }>(url, 'query', { query, time: String(time_s) })
  const samples = ({ values = [], histograms = [] }: Series): [number, unknown][] => [
    ...values.map(([at, text]): [number, unknown] => [at, rounded(text)]),
    ...histograms.map(([at, one]): [number, unknown] => [at, histogramOf(one)]),
  ]
  return new Map(
    result.map((one) => [keyOf(one.metric), JSON.stringify(samples(one).toSorted(([a], [b]) => a - b))] as const),
  )
}

/** What is there at a moment. */
export async function seenAt(url: string, query: string, time_s: number): Promise<Seen> {
  const { result } = await data<{ result: Series[] }>(url, 'query', { query, time: String(time_s) })
  return new Map(result.map(({ metric, value }) => [keyOf(metric), rounded(value![1])]))
}

/** Exemplars, whichever bucket they are shown with. */
export async function exemplarsOf(url: string, query: string, from_s: number, to_s: number): Promise<Set<string>> {
  const found = await data<Exemplars[]>(url, 'query_exemplars', { query, start: String(from_s), end: String(to_s) })
  return new Set(
    found.flatMap(({ seriesLabels, exemplars }) =>
      exemplars.map((one) =>
        [keyOf(withoutBound(seriesLabels)), keyOf(one.labels), one.value, one.timestamp].join(' '),
      ),
    ),
  )
}

/** A native histogram is seen as a classic one here, too. */
function isClassicView(key: string, ours: Seen): boolean {
  const labels = Object.fromEntries(JSON.parse(key) as [string, string][])
  const whole = /^(.*)_(?:bucket|sum|count)$/s.exec(labels['__name__'] ?? '')?.[1]
  if (whole === undefined) return false
  return ours.get(keyOf({ ...withoutBound(labels), __name__: whole }))?.includes(',["') === true
}

/** What differs, a line a series; '' where nothing does. */
export function differenceOf(theirs: Seen, ours: Seen): string {
  const lines: string[] = []
  for (const [key, samples] of theirs) {
    if (ours.get(key) !== samples)
      lines.push(`${key}\n  Prometheus ${samples}\n  Barograph  ${ours.get(key) ?? 'nothing'}`)
  }
  for (const [key, samples] of ours) {
    if (!theirs.has(key) && !isClassicView(key, ours)) lines.push(`${key}\n  Barograph alone ${samples}`)
  }
  return lines.join('\n')
}
