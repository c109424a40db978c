import type { Receipt, SignalKind } from '#core/ports/intake.ts'

import { field } from './fields.ts'
import { shortened } from './status.ts'

const REJECTED: Readonly<Record<SignalKind, string>> = {
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
  traces: 'rejectedSpans',
}

const NOTHING = Buffer.alloc(0)

/** `ExportXServiceResponse`: empty on full success, else with `partial_success`. */
export function receiptProto({ rejected, message }: Receipt): Buffer {
  const error = shortened(message)
  if (rejected === 0 && error === '') return NOTHING
  return field(1, Buffer.concat([field(1, rejected), field(2, Buffer.from(error))]))
}

export function receiptJson(signal: SignalKind, { rejected, message }: Receipt): Buffer {
  const error = shortened(message)
  const full = rejected === 0 && error === ''
  const partialSuccess = { [REJECTED[signal]]: String(rejected), errorMessage: error }
  return Buffer.from(JSON.stringify(full ? {} : { partialSuccess }))
}
