// Answers of two servers, compared.

export interface Answer {
  readonly status: number
  readonly body: Body
}

interface Body {
  readonly status: string
  readonly data?: { readonly resultType: string; readonly result: unknown }
  readonly errorType?: string
  readonly error?: string
  readonly warnings?: readonly string[]
  readonly infos?: readonly string[]
}

type Parameters = Readonly<Record<string, string>>

/** POSTs a form, as Grafana does. */
export async function ask(url: string, path: string, parameters: Parameters): Promise<Answer> {
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) })
  return { status: response.status, body: (await response.json()) as Body }
}

/** Two sums in another order may differ by so much of the larger one. */
const ROUNDING = 1e-9

function sameNumber(a: number, b: number): boolean {
  if (a === b) return a !== 0 || Object.is(a, b)
  return Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b))
}

function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b || sameNumber(goNumber(a), goNumber(b))
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => same(one, b[i]))
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const [keys, others] = [Object.keys(a).toSorted(), Object.keys(b).toSorted()]
  if (keys.join() !== others.join()) return false
  return keys.every((key) => {
    if (key === 'metric') return keyOf(a) === keyOf(b)
    return same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
  })
}

/** NaN for what is no number, so that other texts are compared as texts. */
function goNumber(text: string): number {
  const endless: Readonly<Record<string, number>> = { '+Inf': Infinity, '-Inf': -Infinity }
  return endless[text] ?? (text === '' ? Number.NaN : Number(text))
}

/** The labels of a series in one order. */
function keyOf(series: unknown): string {
  const { metric } = series as { metric: Record<string, string> }
  return JSON.stringify(Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Series in the order of their labels: Prometheus promises none for a vector, but where it sorts. */
function inOrder({ resultType, result }: NonNullable<Body['data']>, sorts: boolean): unknown {
  if (sorts || !Array.isArray(result) || resultType === 'scalar' || resultType === 'string') return result
  return result.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/**
 * What differs between two answers, as a text that shows both; undefined where nothing does but rounding. `sorts`: the
 * order of the series counts as well.
 */
export function difference(theirs: Answer, ours: Answer, sorts: boolean): string | undefined {
  const parts: [string, unknown, unknown][] = [
    ['status', theirs.status, ours.status],
    ['errorType', theirs.body.errorType, ours.body.errorType],
    ['error', withoutExamples(theirs.body.error), withoutExamples(ours.body.error)],
    ['warnings', notes(theirs.body.warnings), notes(ours.body.warnings)],
    ['infos', notes(theirs.body.infos), notes(ours.body.infos)],
    ['resultType', theirs.body.data?.resultType, ours.body.data?.resultType],
  ]
  const [a, b] = [theirs.body.data, ours.body.data]
  if (a !== undefined && b !== undefined) parts.push(['result', inOrder(a, sorts), inOrder(b, sorts)])
  const told = parts.filter(([, one, other]) => !same(one, other)).map(([what, one, other]) => shown(what, one, other))
  return told.length === 0 ? undefined : told.join('\n')
}

/** Of more than ten notes Prometheus shows any ten. */
function notes(told: readonly string[] | undefined): readonly string[] | undefined {
  if (told?.some((note) => note.endsWith(' annotations omitted'))) return [String(told.length), told.at(-1)!]
  // How far a histogram was from monotonic is told by Prometheus alone.
  return told?.map((note) => note.replace(/, from buckets \S+ to \S+, with .* to \S+(?= \()/, '')).toSorted()
}

/** Which two of several duplicates are named is as the store happens to hold them. */
function withoutExamples(error: string | undefined): string | undefined {
  return error?.replace(/(-side of the operation: )\[.*\];/, '$1[…];')
}

/** The first series or point that differs, of a list; the whole of anything else. */
function shown(what: string, theirs: unknown, ours: unknown): string {
  if (Array.isArray(theirs) && Array.isArray(ours) && theirs.length === ours.length) {
    const at = theirs.findIndex((one, i) => !same(one, ours[i]))
    return shown(`${what}[${at}]`, theirs[at], ours[at])
  }
  if (typeof theirs === 'object' && typeof ours === 'object' && theirs !== null && ours !== null) {
    const [a, b] = [theirs as Record<string, unknown>, ours as Record<string, unknown>]
    for (const key of ['values', 'value']) {
      if (Object.hasOwn(a, key) && Object.hasOwn(b, key) && same(a['metric'], b['metric'])) {
        return shown(`${what} ${JSON.stringify(a['metric'])} ${key}`, a[key], b[key])
      }
    }
  }
  return `${what}:\n  Prometheus ${short(theirs)}\n  Barograph  ${short(ours)}`
}

function short(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 400)
}

/**
 * An answer without what two servers may say differently of a query that nobody would write: where in it a note points, how far buckets were from
 * monotonic, which types did not fit, which of several faults was seen first; and what only Prometheus knows: where the hints of histograms,
 * which are not kept here, contradict each other, and that a sort was of one moment.
 */
export function inOutline({ status, body }: Answer): Answer {
  const error = (body.errorType === 'bad_data' ? '' : body.error)?.replace(
    /^(multiple matches for labels|found duplicate series for the match group).*/,
    'matching',
  )
  return { status, body: { ...body, error, warnings: outlineOf(body.warnings), infos: outlineOf(body.infos) } as Body }
}

function outlineOf(given: readonly string[] = []): readonly string[] | undefined {
  const told = given.filter((note) => !/conflicting counter resets|sort is ineffective/.test(note))
  const kept = told.map((note) =>
    note
      .replace(/ \(\d+:\d+\)$/, '')
      .replace(/, from buckets .*/, '')
      .replace(/(incompatible sample types) .*/, '$1'),
  )
  return kept.length === 0 ? undefined : [...new Set(kept)]
}
