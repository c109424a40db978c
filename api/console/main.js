import { configured } from './api.js'
import { tellTimesOf } from './format.js'
import { frame } from './frame.js'
import { begin, language } from './language.js'
import { follow } from './live.js'
import { parseRoute } from './route.js'
import { findingView } from './views/finding.js'
import { findingsView } from './views/findings.js'
import { forecastView } from './views/forecast.js'
import { incidentView } from './views/incident.js'
import { incidentsView } from './views/incidents.js'
import { overviewView } from './views/overview.js'
import { seriesView } from './views/series.js'

/** @typedef {import('./live.js').LiveKind} LiveKind */

/**
 * - `start`: for the first time; `tick`: now and then; else an event of that kind came
 * @typedef {'start' | 'tick' | LiveKind} Reason
 */

/**
 * @typedef {object} ViewContext
 * @property {HTMLElement} root empty
 * @property {import('./route.js').Route} route
 * @property {AbortSignal} signal aborted when the view ends
 */

/**
 * @typedef {object} View
 * @property {string} title
 * @property {(reason: Reason) => Promise<void>} refresh
 */

/** @type {Record<import('./route.js').Route['view'], (context: ViewContext) => View>} */
const VIEWS = {
  overview: overviewView,
  incidents: incidentsView,
  incident: incidentView,
  findings: findingsView,
  finding: findingView,
  series: seriesView,
  forecast: forecastView,
}

const REFRESH_MS = 15_000
/** Events come in bursts: an incident, its findings and its hint together. */
const GATHER_MS = 400

begin()
tellTimesOf((await configured()).zone)
const page = frame()
let ending = new AbortController()
/** @type {(reason: Reason) => Promise<void>} */
let refresh = async () => {}

/**
 * Refreshes a view, one at a time: what comes while it is at it is done after that, once of each kind.
 * @param {View} view
 */
function refresher(view) {
  /** @type {Set<Reason>} */
  const due = new Set()
  let running = false
  return async (/** @type {Reason} */ reason) => {
    if (document.hidden && reason !== 'start') return
    due.add(reason)
    if (running) return
    running = true
    try {
      for (const next of due) {
        due.delete(next)
        await view.refresh(next)
      }
    } finally {
      running = false
    }
  }
}

function go() {
  ending.abort()
  ending = new AbortController()
  const route = parseRoute(location.hash)
  page.main.replaceChildren()
  scrollTo(0, 0)
  const view = VIEWS[route.view]({ root: page.main, route, signal: ending.signal })
  document.title = `${view.title} · Barograph`
  page.showPlace(route.view)
  refresh = refresher(view)
  void refresh('start')
}

/** @type {Map<LiveKind, number>} */
const gathered = new Map()

/** @param {LiveKind} kind */
function onEvent(kind) {
  if (gathered.has(kind)) return
  gathered.set(
    kind,
    window.setTimeout(() => {
      gathered.delete(kind)
      void refresh(kind)
    }, GATHER_MS),
  )
}

addEventListener('hashchange', () => {
  go()
  page.main.focus({ preventScroll: true })
})
document.addEventListener('visibilitychange', () => void refresh('tick'))
setInterval(() => void refresh('tick'), REFRESH_MS)
page.showLive(false)
follow({ url: `/api/v1/stream?lang=${language()}`, onEvent, onState: (live) => page.showLive(live) })
go()
