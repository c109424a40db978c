import type { Mount } from '#core/ports/mounts.ts'

import { OtlpAnswers } from './http/otlp.ts'
import type { ReceiverDeps } from './receivers/receiver.ts'
import { remoteWrite } from './receivers/remote-write.ts'
import { createTraffic } from './receivers/traffic.ts'
import type { RemoteWriteOptions } from './remote-write/decoder.ts'

/** OTLP metrics where Prometheus takes them; the same as on OTLP's own port. */
function otlpMetrics(deps: ReceiverDeps): Mount {
  const traffic = createTraffic(deps.meter, 'otlp_api')
  const answers = new OtlpAnswers(deps, { traffic, guard: () => undefined, stopped: () => false })
  return {
    path: '/api/v1/otlp/v1/metrics',
    answer: (request, response) => answers.answer(request, response, 'metrics'),
  }
}

/** What is taken in on the API's port. */
export function createMounts(deps: ReceiverDeps, options: Omit<RemoteWriteOptions, 'meter'>): readonly Mount[] {
  return [otlpMetrics(deps), remoteWrite(deps, options)]
}
