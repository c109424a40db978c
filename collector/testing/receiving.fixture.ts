import { systemClock } from '#core/clock.ts'
import { silentLog } from '#core/ports/log.ts'

import { Budget } from '../http/budget.ts'
import { RECEIVER_LIMITS, type ReceiverDeps, type ReceiverLimits } from '../receivers/receiver.ts'
import { countingMeter, RecordingIntake } from './decoding.fixture.ts'

/** All that a receiver is given, with what it leaves behind in reach. */
export function receiverDeps(limits: Partial<ReceiverLimits> = {}): ReceiverDeps & {
  readonly intake: RecordingIntake
  readonly meter: ReturnType<typeof countingMeter>
} {
  const meter = countingMeter()
  const given = { ...RECEIVER_LIMITS, drain_ms: 500, ...limits }
  return {
    intake: new RecordingIntake(),
    clock: systemClock,
    meter,
    log: silentLog,
    limits: given,
    bodies: new Budget(given.bodies_in_flight, meter),
    positions: { next: () => undefined, topicId: () => undefined },
  }
}
