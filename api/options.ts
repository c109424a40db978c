import type { Clock } from '#core/clock.ts'
import type { LeftBehind } from '#core/left-behind.ts'
import type { AlertReader } from '#core/ports/alerts.ts'
import type { ChangeReader } from '#core/ports/changes.ts'
import type { FindingReader } from '#core/ports/findings.ts'
import type { ForecastReader } from '#core/ports/forecasts.ts'
import type { HintReader } from '#core/ports/hints.ts'
import type { IncidentReader } from '#core/ports/incidents.ts'
import type { Intake } from '#core/ports/intake.ts'
import type { LiveEvents } from '#core/ports/live.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { Mount } from '#core/ports/mounts.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { RuleReader } from '#core/ports/rules.ts'
import type { ScoreReader } from '#core/ports/scores.ts'
import type { SeriesReader } from '#core/ports/series-reader.ts'
import type { ServiceGraph } from '#core/ports/service-graph.ts'
import type { TargetReader } from '#core/ports/targets.ts'
import type { Upstreams } from '#core/ports/upstreams.ts'
import type { Locale } from '#core/sentences/language.ts'
import type { Turns } from '#core/turns.ts'

/** What the rest of the house offers to those who ask over HTTP. */
export interface ApiPorts {
  readonly query: QueryEngine
  readonly reader: SeriesReader
  readonly findings: FindingReader
  readonly incidents: IncidentReader
  readonly changes: ChangeReader
  readonly graph: ServiceGraph
  readonly rules: RuleReader
  readonly alerts: AlertReader
  readonly scores: ScoreReader
  readonly forecasts: ForecastReader
  readonly hints: HintReader
  readonly live: LiveEvents
  readonly targets: TargetReader
  readonly upstreams: Upstreams
  readonly intake: Intake
}

export interface ApiLimits {
  /** A body that is sent to us. */
  readonly body_bytes: number
  /** The longest that a query may run, and how long when the client says nothing. */
  readonly query_timeout_ms: number
  /** Points over all series in one answer of a query. */
  readonly query_points: number
  /** Points over all answers that are being written. */
  readonly answer_points: number
  readonly forecast_horizon_ms: number
  readonly forecast_points: number
  /** Changes in one request. */
  readonly changes: number
  readonly stream_clients: number
  /** What may wait for one slow reader of the stream before he is dropped. */
  readonly stream_bytes: number
  readonly connections: number
  /** How long open requests may still take after `stop`. */
  readonly drain_ms: number
}

export const DEFAULT_LIMITS: ApiLimits = {
  body_bytes: 2 ** 20,
  query_timeout_ms: 120_000,
  query_points: 5_000_000,
  answer_points: 20_000_000,
  forecast_horizon_ms: 30 * 86_400_000,
  forecast_points: 11_000,
  changes: 1000,
  stream_clients: 100,
  stream_bytes: 2 ** 20,
  connections: 10_000,
  drain_ms: 5000,
}

export interface ApiOptions {
  readonly ports: ApiPorts
  /** Why work cannot be taken yet; null when it can. */
  readonly ready: () => string | null
  /** Own telemetry and results, Prometheus text format 0.0.4. */
  readonly metrics: () => Promise<string>
  /** The configuration in force as YAML, secrets hidden. */
  readonly config: () => string
  /** Reads rules and scrape jobs again, and gives the other keys that changed, which wait for a restart; absent where nothing can be read again. */
  readonly reload?: () => Promise<readonly string[]>
  /** Of sentences, where the reader names none. */
  readonly locale: Locale
  /** Its origin and host are accepted like our own; '' when there is none. */
  readonly external_url: string
  readonly version: string
  readonly limits?: Partial<ApiLimits>
  readonly clock: Clock
  /** Shared with all that works long on this thread. */
  readonly turns?: Turns
  /** What answers were in that are on their way. */
  readonly leftBehind?: LeftBehind
  readonly log: Log
  readonly meter: Meter
  /** The folder of the console's static files. */
  readonly console_dir: string
  /** `localhost` means 127.0.0.1 and ::1; port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Host names accepted beside the loopback ones and that of `external_url`, while listening on loopback. */
  readonly hosts?: readonly string[]
  /** Paths that are answered before the router, from the raw request. */
  readonly mounts?: readonly Mount[]
}
