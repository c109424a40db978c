import type { Clock } from '#core/clock.ts'
import type { Component } from '#core/component.ts'
import type { Intake } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'

import type { Budget } from '../http/budget.ts'

/** Bytes unless the name says otherwise. */
export interface ReceiverLimits {
  /** A body as it comes over the wire. */
  readonly body: number
  /** A body inflated. */
  readonly body_inflated: number
  /** All bodies that are read or being worked on. */
  readonly bodies_in_flight: number
  /** Open connections of a listener. */
  readonly connections: number
  /** For a whole request to arrive. */
  readonly request_ms: number
  /** For what was accepted to finish after `stop`. */
  readonly drain_ms: number
}

export const RECEIVER_LIMITS: ReceiverLimits = {
  body: 64 * 2 ** 20,
  body_inflated: 64 * 2 ** 20,
  bodies_in_flight: 256 * 2 ** 20,
  connections: 10_000,
  request_ms: 60_000,
  drain_ms: 10_000,
}

/** Where in Kafka the stored data ends. */
export interface Positions {
  /** The first offset that is not stored; undefined where nothing of the partition is. */
  next(topic: string, partition: number): bigint | undefined
  /** Id of the topic of which it is stored; undefined where it is not known. */
  topicId(topic: string, partition: number): string | undefined
}

export interface ReceiverDeps {
  readonly intake: Intake
  readonly clock: Clock
  readonly meter: Meter
  readonly log: Log
  readonly limits: ReceiverLimits
  /** `limits.bodies_in_flight`, of all receivers together. */
  readonly bodies: Budget
  readonly positions: Positions
}

/** A receiver at work. */
export interface RunningReceiver extends Component {
  /** Where it listens; empty for those that fetch, and before `start`. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  /** True while it is known that older data is still to come: absence must not be judged. */
  lagging(): boolean
}

/**
 * A way in. `create` opens nothing; `start` does. What arrives is submitted to the intake as it is, counted as
 * `barograph.collector.requests` and `.bytes` by `receiver`; a sender is told what became of it, or keeps it until it is
 * taken.
 */
export interface Receiver<Config> {
  readonly type: string
  create(config: Config, deps: ReceiverDeps): RunningReceiver
}
