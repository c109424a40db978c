/** From answers of the API to columns that a chart draws. */

/** @typedef {import('./api.js').MatrixSeries} MatrixSeries */
/** @typedef {import('./api.js').SeriesForecast} SeriesForecast */
/** @typedef {(number | null | undefined)[]} Column */

/**
 * - `value`: what was measured; `expected`: dashed; `bound`: the edge of a band; `median`: of a forecast
 * @typedef {object} Trace
 * @property {string} name
 * @property {'value' | 'expected' | 'bound' | 'median'} kind
 * @property {number} [hue] of several values, which
 * @property {Column} column
 */

/** @typedef {{ upper: number, lower: number, tone: 'band' | 'inner' | 'outer' }} Band indexes of traces */

/**
 * @typedef {object} ChartModel
 * @property {number[]} x seconds, ascending
 * @property {Trace[]} traces
 * @property {Band[]} bands
 * @property {[number, number]} range of x
 * @property {string} unit
 * @property {{ at: number, text: string }[]} [markers] changes, seconds
 * @property {{ from: number, to: number }[]} [intervals] findings, seconds
 * @property {number} [now] the future begins here, seconds
 */

/** @param {string} text */
function numberOf(text) {
  const value = Number(text.replace('Inf', 'Infinity'))
  return Number.isFinite(value) ? value : null
}

/**
 * Series of one grid on common times; where a series has no sample there is a gap.
 * @param {readonly (MatrixSeries | undefined)[]} series
 * @returns {{ x: number[], columns: Column[] }}
 */
export function align(series) {
  const times = new Set(series.flatMap((one) => (one?.values ?? []).map(([time]) => time)))
  const x = [...times].toSorted((a, b) => a - b)
  const columns = series.map((one) => {
    const values = new Map((one?.values ?? []).map(([time, text]) => [time, numberOf(text)]))
    return x.map((time) => values.get(time) ?? null)
  })
  return { x, columns }
}

/** A band is shown so many sizes beyond what was measured. */
const BAND_SIZES = 3

/**
 * What of the values from `low` to `high` is shown: the band of what has just begun may be a hundred times as wide as what was measured,
 * which would be a flat line in it. Its size is how far it moves, or half of how large it is.
 * @param {readonly Trace[]} traces
 * @param {number} low
 * @param {number} high
 * @returns {[number, number]}
 */
export function shownValues(traces, low, high) {
  const measured = traces.flatMap(({ kind, column }) => (kind === 'bound' ? [] : column))
  let [least, most] = [Infinity, -Infinity]
  for (const value of measured) {
    if (typeof value !== 'number') continue
    if (value < least) least = value
    if (value > most) most = value
  }
  const size = Math.max(most - least, Math.max(Math.abs(least), Math.abs(most)) / 2)
  if (!(size > 0) || most < least) return [low, high]
  return [Math.max(low, least - BAND_SIZES * size), Math.min(high, most + BAND_SIZES * size)]
}

/**
 * The range that is shown: what was asked for, begun later where there is nothing to see in its first third.
 * @param {readonly number[]} x seconds
 * @param {number} from seconds
 * @param {number} to seconds
 * @returns {[number, number]}
 */
export function shownRange(x, from, to) {
  const first = x[0] ?? from
  return first > from + (to - from) / 3 ? [first, to] : [from, to]
}

/**
 * A value with what was expected of it. Without a band of its own it gets the flat one that is given.
 * @param {object} options
 * @param {MatrixSeries | undefined} options.value
 * @param {readonly MatrixSeries[]} options.bands series named `barograph_expected|lower|upper`
 * @param {{ lower?: number | undefined, upper?: number | undefined, expected?: number | undefined }} [options.flat]
 * @param {Record<'value' | 'expected' | 'lower' | 'upper', string>} options.names
 * @returns {{ x: number[], traces: Trace[], bands: Band[] }}
 */
export function bandData({ value, bands, flat = {}, names }) {
  const of = (/** @type {string} */ name) => bands.find(({ metric }) => metric['__name__'] === `barograph_${name}`)
  const known = [of('expected'), of('lower'), of('upper')]
  const { x, columns } = align([value, ...known])
  const constant = (/** @type {number | undefined} */ level) => x.map(() => level ?? null)
  const given = known.every((one) => one === undefined)
  const [expected, lower, upper] = given
    ? [constant(flat.expected), constant(flat.lower), constant(flat.upper)]
    : columns.slice(1)
  /** @type {Trace[]} */
  const traces = [
    { name: names.upper, kind: 'bound', column: upper ?? [] },
    { name: names.lower, kind: 'bound', column: lower ?? [] },
    { name: names.expected, kind: 'expected', column: expected ?? [] },
    { name: names.value, kind: 'value', column: columns[0] ?? [] },
  ]
  return { x, traces, bands: [{ upper: 0, lower: 1, tone: 'band' }] }
}

/**
 * The pairs of quantiles that are drawn as bands, outermost first: 0.1 to 0.9 (or the innermost pair), and the widest.
 * @param {readonly number[]} quantiles
 * @returns {{ lower: number, upper: number, tone: 'inner' | 'outer' }[]}
 */
export function quantileBands(quantiles) {
  const sorted = quantiles.toSorted((a, b) => a - b)
  const below = sorted.filter((q) => q < 0.5)
  const above = sorted.filter((q) => q > 0.5)
  const [lowest, highest] = [below[0], above.at(-1)]
  if (lowest === undefined || highest === undefined) return []
  const usual = below.includes(0.1) && above.includes(0.9)
  const [lower, upper] = usual ? [0.1, 0.9] : [below.at(-1) ?? lowest, above[0] ?? highest]
  const outer = { lower: lowest, upper: highest, tone: /** @type {const} */ ('outer') }
  const inner = { lower, upper, tone: /** @type {const} */ ('inner') }
  return lowest === lower && highest === upper ? [inner] : [outer, inner]
}

/**
 * History and forecast of one series on one axis of time.
 * @param {MatrixSeries | undefined} history
 * @param {SeriesForecast} forecast
 * @param {{ value: string, quantile: (q: number) => string }} names
 * @returns {{ x: number[], traces: Trace[], bands: Band[] }}
 */
export function forecastData(history, forecast, names) {
  const past = new Map((history?.values ?? []).map(([time, text]) => [time, numberOf(text)]))
  const points = new Map(forecast.points.map(({ at, quantiles }) => [Date.parse(at) / 1000, quantiles]))
  const x = [...new Set([...past.keys(), ...points.keys()])].toSorted((a, b) => a - b)
  const quantiles = [...new Set(forecast.points.flatMap((point) => Object.keys(point.quantiles)))]
    .map((text) => ({ text, q: Number(text) }))
    .toSorted((a, b) => b.q - a.q)
  /** @type {Trace[]} */
  const traces = quantiles.map(({ text, q }) => ({
    name: names.quantile(q),
    kind: q === 0.5 ? 'median' : 'bound',
    // undefined: only the other grid has this time, so the line goes on.
    column: x.map((time) => points.get(time)?.[text]),
  }))
  // A gap of the history is a gap of its own grid only.
  const own = x.map((time) => (past.has(time) ? past.get(time) : undefined))
  traces.push({ name: names.value, kind: 'value', column: own })
  const indexOf = (/** @type {number} */ wanted) => quantiles.findIndex(({ q }) => q === wanted)
  const bands = quantileBands(quantiles.map(({ q }) => q)).map(({ lower, upper, tone }) => ({
    lower: indexOf(lower),
    upper: indexOf(upper),
    tone,
  }))
  return { x, traces, bands }
}

/**
 * Any number of series as lines.
 * @param {readonly MatrixSeries[]} series
 * @param {readonly string[]} names
 * @returns {{ x: number[], traces: Trace[], bands: Band[] }}
 */
export function lineData(series, names) {
  const { x, columns } = align(series)
  const traces = columns.map((column, hue) => ({
    name: names[hue] ?? '',
    kind: /** @type {const} */ ('value'),
    hue,
    column,
  }))
  return { x, traces, bands: [] }
}

/**
 * The newest value of a column.
 * @param {Column} column
 */
export function newest(column) {
  const last = column.findLast((value) => value !== null && value !== undefined)
  return last ?? undefined
}
