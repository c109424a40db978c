// oxlint-disable-next-line import/no-absolute-path, import/default -- a package's file, which the API serves there
import uPlot from '/vendor/uPlot.esm.js'

import { shownValues } from './chart-data.js'
import { overlay, palette } from './chart-paper.js'
import { el } from './dom.js'
import { clock, day, quantity, timeTicks, zoneName, zoneOfTimes } from './format.js'

/** @typedef {import('./chart-data.js').ChartModel} ChartModel */
/** @typedef {import('./chart-data.js').Trace} Trace */
/** @typedef {import('./chart-paper.js').Palette} Palette */

/** Steps of the time axis, seconds. */
const TIME_STEPS = [
  1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800,
  2_592_000,
]

/** Half of the longest time on the axis, px: one may stand at the very end. */
const HALF_TIME = 28

/**
 * @param {Trace} trace
 * @param {Palette} colours
 * @param {string} unit
 */
function seriesOf(trace, colours, unit) {
  const base = {
    label: trace.name,
    points: { show: false },
    value: (/** @type {unknown} */ _, /** @type {number | null} */ value) => quantity(value ?? undefined, unit),
  }
  if (trace.kind === 'bound') return { ...base, stroke: colours.bound, width: 0.5, spanGaps: true }
  if (trace.kind === 'expected') return { ...base, stroke: colours.expected, width: 1, dash: [5, 4] }
  if (trace.kind === 'median') return { ...base, stroke: colours.accent, width: 1.5, dash: [6, 4], spanGaps: true }
  const alone = trace.column.filter((value) => typeof value === 'number').length < 3
  return {
    ...base,
    stroke: trace.hue === undefined ? colours.ink : colours.hues[trace.hue % colours.hues.length],
    width: 1.6,
    points: { show: alone, size: 5 },
  }
}

/**
 * @param {ChartModel} model
 * @param {Palette} colours
 * @param {{ width: number, height: number, axes: boolean }} size
 */
function optionsOf(model, colours, { width, height, axes }) {
  const grid = { stroke: colours.grid, width: 1 }
  const axis = {
    stroke: colours.faint,
    grid,
    ticks: { show: false },
    font: '11px ui-sans-serif, system-ui, sans-serif',
  }
  return {
    width,
    height,
    padding: /** @type {[number, number, number, number]} */ ([8, HALF_TIME, 0, 0]),
    tzDate: (/** @type {number} */ seconds) => uPlot.tzDate(new Date(seconds * 1000), zoneOfTimes()),
    scales: { x: { time: true, range: () => model.range }, y: { range: rangeOf(model) } },
    axes: [
      {
        ...axis,
        space: timeSpace,
        incrs: TIME_STEPS,
        size: 26,
        values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => timeTicks(splits),
      },
      {
        ...axis,
        space: axes ? 34 : 26,
        incrs: incrementsOf(model.unit),
        size: 66,
        gap: 4,
        values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) =>
          splits.map((value) => quantity(value, model.unit)),
      },
    ],
    series: [{}, ...model.traces.map((trace) => seriesOf(trace, colours, model.unit))],
    bands: model.bands.map(({ upper, lower, tone }) => ({
      series: /** @type {[number, number]} */ ([upper + 1, lower + 1]),
      fill: colours[tone],
    })),
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { setScale: false, x: false, y: false } },
    hooks: { drawClear: [(/** @type {any} */ plot) => overlay(plot, model, colours)] },
  }
}

/**
 * Room of a time on the axis, px: where steps are shorter than a minute the seconds stand there, too.
 * @param {unknown} _
 * @param {number} __
 * @param {number} from seconds
 * @param {number} to
 * @param {number} width px
 */
function timeSpace(_, __, from, to, width) {
  return ((to - from) / width) * 52 < 60 ? 76 : 52
}

/**
 * Round steps of an axis: of bytes by two, of all else by ten.
 * @param {string} unit
 */
function incrementsOf(unit) {
  const bytes = /^(Ki|Mi|Gi)?By(\/s)?$/.test(unit)
  if (bytes) return Array.from({ length: 50 }, (_, i) => 2 ** i)
  return Array.from({ length: 30 }, (_, i) => [1, 2, 5].map((digit) => digit * 10 ** (i - 12))).flat()
}

/**
 * The y axis: some air above and below. What was never below 0 is not drawn there, however wide its band.
 * @param {ChartModel} model
 * @returns {(plot: unknown, low: number | null, high: number | null) => [number, number]}
 */
function rangeOf({ traces }) {
  const measured = traces.filter(({ kind }) => kind === 'value' || kind === 'median').flatMap(({ column }) => column)
  const positive = measured.every((value) => value === null || value === undefined || value >= 0)
  return (_, lowest, highest) => {
    const [low, high] = lowest === null || highest === null ? [null, null] : shownValues(traces, lowest, highest)
    // A band about nothing but zeros is as thin as numbers are exact.
    if (positive && high !== null && high < 1e-9) return [0, 1]
    if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
    const bottom = positive ? Math.max(0, low) : low
    const spread = high - bottom || Math.abs(high) * 0.2 || 1
    const floor = bottom - spread * 0.12
    return [positive ? Math.max(0, floor) : floor, high + spread * 0.12]
  }
}

/**
 * What stands under the pointer, as text below the chart.
 * @param {ChartModel} model
 * @param {number | null | undefined} index
 */
function readingOf(model, index) {
  const values = model.traces.map(({ name, column, kind, hue }) => ({
    name,
    kind,
    hue,
    value: index === null || index === undefined ? undefined : (column[index] ?? undefined),
  }))
  const seconds = index === null || index === undefined ? undefined : model.x[index]
  return {
    time:
      seconds === undefined ? '' : `${day(seconds * 1000)} ${clock(seconds * 1000, true)} ${zoneName(seconds * 1000)}`,
    values,
  }
}

/**
 * @param {string} kind
 * @param {string} name
 */
function key(kind, name) {
  const sign = el('span', { class: `key key-${kind}`, 'aria-hidden': 'true' })
  return el('span', { class: 'reading-item faint' }, sign, name)
}

/**
 * What the lines are, while the pointer is elsewhere; of many equal lines the table says it.
 * @param {ChartModel} model
 */
function legendOf(model) {
  const lines = model.traces.filter(({ kind, hue, column }) => {
    return kind !== 'bound' && hue === undefined && column.some((value) => typeof value === 'number')
  })
  const areas = model.bands.filter(({ upper }) =>
    model.traces[upper]?.column.some((value) => typeof value === 'number'),
  )
  return [
    ...lines.toReversed().map(({ kind, name }) => key(kind, name)),
    ...areas
      .toReversed()
      .map(({ upper, lower, tone }) =>
        key(tone, `${model.traces[lower]?.name ?? ''} – ${model.traces[upper]?.name ?? ''}`),
      ),
  ]
}

/**
 * @param {HTMLElement} host
 * @param {ChartModel} model
 * @param {number | null | undefined} index
 */
function writeReading(host, model, index) {
  const { time, values } = readingOf(model, index)
  const shown = values.filter(({ value }) => value !== undefined).slice(0, 8)
  host.replaceChildren()
  if (time === '') {
    host.append(...legendOf(model))
    return
  }
  host.append(el('span', { class: 'reading-time' }, time))
  for (const { name, value } of shown) {
    host.append(
      el('span', { class: 'reading-item' }, el('span', { class: 'faint' }, `${name} `), quantity(value, model.unit)),
    )
  }
}

/**
 * A chart that follows the width of its host and the colours of the page. `update` keeps the canvas where it can.
 * @param {HTMLElement} host
 * @param {{ height?: number, reading?: boolean, describe?: string }} [options]
 */
export function chart(host, { height = 180, reading = true, describe = '' } = {}) {
  // Its room is kept from the first: nothing jumps when the lines come.
  const paper = el('div', {
    class: 'chart-paper',
    role: 'img',
    'aria-label': describe,
    style: { 'min-height': `${height}px` },
  })
  const under = el('div', { class: 'chart-reading' })
  host.append(paper, ...(reading ? [under] : []))
  /** @type {any} */
  let plot = null
  /** @type {ChartModel | null} */
  let current = null
  const draw = () => {
    plot?.destroy()
    plot = null
    const width = Math.floor(paper.clientWidth)
    if (current === null || width < 40) return
    const model = current
    const options = optionsOf(model, palette(), { width, height, axes: height > 140 })
    const setCursor = [(/** @type {any} */ self) => writeReading(under, model, self.cursor.idx)]
    const data = /** @type {uPlot.AlignedData} */ ([model.x, ...model.traces.map(({ column }) => column)])
    if (reading) writeReading(under, model, null)
    plot = new uPlot({ ...options, hooks: { ...options.hooks, ...(reading ? { setCursor } : {}) } }, data, paper)
  }
  const sizes = new ResizeObserver(() => {
    if (plot === null || Math.floor(paper.clientWidth) !== plot.width) draw()
  })
  sizes.observe(paper)
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  scheme.addEventListener('change', draw)
  return {
    /** @param {ChartModel} model */
    update(model) {
      current = model
      draw()
    },
    destroy() {
      sizes.disconnect()
      scheme.removeEventListener('change', draw)
      plot?.destroy()
    },
  }
}
