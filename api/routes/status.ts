import { success } from '../prometheus/envelope.ts'
import { Form, invalidParameter } from '../prometheus/form.ts'
import { formatTime } from '../prometheus/time.ts'
import { tsdbStatus } from '../prometheus/tsdb.ts'
import type { Api, RouteModule } from '../route.ts'

const BASE = '/api/v1/status'
const MOST_ROWS = 10_000

/**
 * Grafana chooses what to ask for by this version: a Prometheus 3 whose API we speak. No `features`, and no
 * `status/flags` either: it would take us for Mimir or Thanos.
 */
function buildInfo(version: string): Record<string, string> {
  return {
    version: `3.5.0+barograph.${version}`,
    revision: version,
    branch: 'main',
    buildUser: 'barograph',
    buildDate: '',
    goVersion: `node ${process.version}`,
  }
}

function runtimeInfo({ started_ms, clock }: Api): Record<string, unknown> {
  return {
    startTime: formatTime(started_ms),
    CWD: process.cwd(),
    hostname: '',
    serverTime: formatTime(clock.now_ms()),
    reloadConfigSuccess: true,
    lastConfigTime: formatTime(started_ms),
    corruptionCount: 0,
    goroutineCount: 0,
    GOMAXPROCS: 1,
    GOMEMLIMIT: 0,
    GOGC: '',
    GODEBUG: '',
    storageRetention: '',
  }
}

export const status: RouteModule = {
  name: 'status',
  family: 'prometheus',
  paths: ['buildinfo', 'runtimeinfo', 'tsdb', 'config'].map((what) => `${BASE}/${what}`),
  mount(app, api) {
    app.get(`${BASE}/buildinfo`, () => success(buildInfo(api.version)))
    app.get(`${BASE}/runtimeinfo`, () => success(runtimeInfo(api)))
    app.get(`${BASE}/config`, () => success({ yaml: api.config() }))
    app.get(`${BASE}/tsdb`, async (c) => {
      const form = await Form.of(c)
      const limit = form.text('limit') === '' ? 10 : form.limit()
      if (limit > MOST_ROWS) throw invalidParameter('limit', `at most ${MOST_ROWS}, at least 1`)
      return success(await tsdbStatus(api, limit))
    })
  },
}
