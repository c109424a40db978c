/** What lies on the paper under the lines: intervals of findings, the future, changes, now. */

/** @typedef {import('./chart-data.js').ChartModel} ChartModel */

/**
 * @typedef {object} Palette
 * @property {string} ink
 * @property {string} accent
 * @property {string} expected
 * @property {string} bound
 * @property {string} faint
 * @property {string} grid
 * @property {string} band
 * @property {string} inner
 * @property {string} outer
 * @property {string} future
 * @property {string} finding
 * @property {string} change
 * @property {string[]} hues
 */

/** The colours of the page, as its stylesheet has them now. */
export function palette() {
  const style = getComputedStyle(document.documentElement)
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim()
  return {
    ink: of('trace'),
    accent: of('accent'),
    expected: of('expected'),
    bound: of('bound'),
    faint: of('faint'),
    grid: of('grid'),
    band: of('band'),
    inner: of('band-inner'),
    outer: of('band-outer'),
    future: of('future'),
    finding: of('finding'),
    change: of('change'),
    hues: [1, 2, 3, 4, 5, 6, 7, 8].map((i) => of(`hue-${i}`)),
  }
}

/**
 * @param {any} plot
 * @param {{ from: number, to: number, fill: string }} area seconds
 */
function shade(plot, { from, to, fill }) {
  const { left, top, width, height } = plot.bbox
  const clamp = (/** @type {number} */ x) => Math.min(left + width, Math.max(left, x))
  const a = clamp(plot.valToPos(from, 'x', true))
  const b = clamp(plot.valToPos(to, 'x', true))
  if (b <= a) return
  plot.ctx.fillStyle = fill
  plot.ctx.fillRect(a, top, b - a, height)
}

/**
 * @param {any} plot
 * @param {{ at: number, colour: string, dash: number[], text: string, row: number }} line
 */
function upright(plot, { at, colour, dash, text, row }) {
  const { left, top, width, height } = plot.bbox
  const x = plot.valToPos(at, 'x', true)
  if (x < left || x > left + width) return
  const { ctx } = plot
  const ratio = window.devicePixelRatio
  ctx.strokeStyle = colour
  ctx.lineWidth = 1.25 * ratio
  ctx.setLineDash(dash.map((length) => length * ratio))
  ctx.beginPath()
  ctx.moveTo(x, top)
  ctx.lineTo(x, top + height)
  ctx.stroke()
  if (text === '') return
  ctx.setLineDash([])
  ctx.font = `${11 * ratio}px ui-sans-serif, system-ui, sans-serif`
  ctx.fillStyle = colour
  ctx.textBaseline = 'top'
  const right = x + ctx.measureText(text).width + 6 * ratio < left + width
  ctx.textAlign = right ? 'left' : 'right'
  ctx.fillText(text, x + (right ? 4 : -4) * ratio, top + (2 + row * 13) * ratio)
}

/**
 * Draws under the lines.
 * @param {any} plot
 * @param {ChartModel} model
 * @param {Palette} colours
 */
export function overlay(plot, model, colours) {
  const { ctx } = plot
  ctx.save()
  for (const { from, to } of model.intervals ?? []) shade(plot, { from, to, fill: colours.finding })
  if (model.now !== undefined) {
    shade(plot, { from: model.now, to: model.range[1], fill: colours.future })
    upright(plot, { at: model.now, colour: colours.faint, dash: [], text: '', row: 0 })
  }
  for (const [row, { at, text }] of (model.markers ?? []).entries()) {
    upright(plot, { at, colour: colours.change, dash: [3, 3], text, row: row % 3 })
  }
  ctx.restore()
}
