import { ServiceError } from '#core/errors.ts'
import type { UpstreamHistory, UpstreamInfo, Upstreams, UpstreamWriting } from '#core/ports/upstreams.ts'

import type { RuleAsking } from './asking/asking.ts'
import type { Backfill } from './history/backfill.ts'
import type { RemoteWriter } from './write/writer.ts'

/** One entry of the configuration. */
export interface Upstream {
  readonly name: string
  /** Scheme, host and port. */
  readonly server: string
  readonly writer: RemoteWriter | undefined
  readonly backfill: Backfill | undefined
  readonly asking: RuleAsking
}

/** Every upstream, as others see and command them. */
export class UpstreamList implements Upstreams {
  readonly #upstreams: readonly Upstream[]

  constructor(upstreams: readonly Upstream[]) {
    this.#upstreams = upstreams
  }

  all(): readonly UpstreamInfo[] {
    return this.#upstreams.map(({ name, server, writer, backfill, asking }) => ({
      name,
      server,
      writing: writer === undefined ? undefined : writingOf(writer),
      history: backfill?.state(),
      rules: asking.state(),
    }))
  }

  backfill(name: string | undefined, again: boolean): void {
    const found = this.#upstreams.flatMap((one) =>
      one.backfill !== undefined && (name === undefined || one.name === name) ? [one.backfill] : [],
    )
    if (found.length === 0) {
      const which = name === undefined ? 'no upstream' : `no upstream ${JSON.stringify(name)}`
      throw new ServiceError('not_found', `${which} has history to be fetched`)
    }
    for (const backfill of found) backfill.start(again)
  }

  /** Whether there is anything to fetch at the start. */
  get hasHistory(): boolean {
    return this.#upstreams.some(({ backfill }) => backfill !== undefined)
  }

  /** Of the upstream that is furthest behind with rules. */
  get behind_ms(): number {
    return Math.max(0, ...this.#upstreams.map(({ asking }) => asking.state()?.behind_ms ?? 0))
  }

  /** What is still to be fetched, of the one that is furthest behind. */
  get missing_ms(): number {
    return Math.max(
      0,
      ...this.#upstreams.map(({ backfill }) => (backfill === undefined ? 0 : missingOf(backfill.state()))),
    )
  }

  /** Begins to ask for the steps of rules that are evaluated there. */
  start(): void {
    for (const { asking } of this.#upstreams) asking.start()
  }

  /** Resolves when no rule is being asked. */
  async idle(): Promise<void> {
    await Promise.all(this.#upstreams.map(({ asking }) => asking.idle()))
  }

  /** Until the history that was missed is there, or need not be waited for. */
  async first(): Promise<void> {
    await Promise.all(this.#upstreams.map(async ({ backfill }) => backfill?.first()))
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#upstreams.map(async ({ backfill, asking }) => Promise.all([backfill?.stop(), asking.stop()])),
    )
  }
}

function missingOf({ state, to_ms, reached_ms }: UpstreamHistory): number {
  return state === 'done' || to_ms === undefined || reached_ms === undefined ? 0 : to_ms - reached_ms
}

function writingOf(writer: RemoteWriter): UpstreamWriting {
  const { waiting, bytes, lag_ms, counts, trouble } = writer.state()
  const { sent, refused, dropped, left_out } = counts
  return { what: writer.what, waiting, bytes, lag_ms, sent, refused, dropped, left_out, trouble }
}
