import { Server } from '../process/barograph.ts'
import { PROMETHEUS_3, startPrometheus } from '../process/prometheus.ts'
import { ask, difference } from './answers.ts'
import { NATIVE, STEP_MS, STEPS } from './demo.ts'
import { bodiesFrom, write } from './remote-write.ts'

const MINUTE_S = 60

/** Requests of remote write that follow each other. */
type Bodies = Iterable<Uint8Array<ArrayBuffer>>

/** A Prometheus and a Barograph with the same demo data. */
export class Pair {
  /** Base addresses. */
  theirs = ''
  ours = ''
  /** When the data begin: a whole minute, for subqueries. */
  begin_s = 0

  /**
   * Starts both and writes to them; the data end so many minutes ago, native histograms among them or not; Prometheus with these features beside the
   * one that it always has. `endAll` ends them.
   */
  async start(ago_minutes: number, native = true, features: readonly string[] = []): Promise<void> {
    const demo = (begin_ms: number): Bodies => bodiesFrom(begin_ms, native ? NATIVE : [])
    await this.startWith(demo, { length_s: (STEPS * STEP_MS) / 1000, ago_minutes, features })
  }

  /** The same with other data, of so many seconds from when they are said to begin. */
  async startWith(
    bodies: (begin_ms: number) => Bodies,
    { length_s, ago_minutes, features }: { length_s: number; ago_minutes: number; features: readonly string[] },
  ): Promise<void> {
    this.begin_s = Math.floor(Date.now() / 1000 / MINUTE_S) * MINUTE_S - length_s - ago_minutes * MINUTE_S
    const server = await Server.start({ rules: 'groups: []' })
    this.ours = server.apiUrl
    this.theirs = await startPrometheus(PROMETHEUS_3, ['promql-delayed-name-removal', ...features])
    for (const body of bodies(this.begin_s * 1000)) {
      await Promise.all([write(this.theirs, body), write(this.ours, body)])
    }
  }

  /** '' where both answer alike; see `difference`. */
  async differenceOf(path: string, parameters: Readonly<Record<string, string>>, sorts: boolean): Promise<string> {
    const [theirs, ours] = await Promise.all([ask(this.theirs, path, parameters), ask(this.ours, path, parameters)])
    return difference(theirs, ours, sorts) ?? ''
  }
}
