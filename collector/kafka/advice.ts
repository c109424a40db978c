import type { KafkaConfig } from './settings.ts'

/** What is looked at of the library's errors. */
interface Failure {
  readonly name?: string
  readonly type?: string
  readonly broker?: string
  readonly cause?: unknown
}

function* chainOf(error: unknown): Generator<Failure> {
  for (let at = error; typeof at === 'object' && at !== null; at = (at as Failure).cause) yield at
}

/** What whoever reads of a failure can look at, as the end of a sentence. */
export function adviceOn(error: unknown, { brokers, group }: Pick<KafkaConfig, 'brokers' | 'group'>): string {
  for (const { name, type, broker } of chainOf(error)) {
    if (broker !== undefined && !brokers.includes(broker))
      return `its brokers call one of them ${broker} (advertised.listeners there), which must be reachable from here`
    if (name === 'KafkaJSConnectionClosedError')
      return 'a broker closed the connection, as those do that want TLS (kafka.ssl) or a user (kafka.sasl)'
    if (type === 'ILLEGAL_SASL_STATE') return 'it wants no user on this port (see kafka.sasl)'
    if (name === 'KafkaJSGroupCoordinatorNotFound')
      return `nobody answers for the group ${group}, as for one that may not be used (see kafka.group)`
    if (type === 'TOPIC_AUTHORIZATION_FAILED') return 'a topic may not be read (see kafka.topics and kafka.sasl)'
  }
  return 'see kafka.brokers, kafka.sasl and kafka.ssl'
}
