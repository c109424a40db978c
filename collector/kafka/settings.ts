import type { Secret } from '#core/config/secret.ts'
import type { SignalKind } from '#core/ports/intake.ts'

/** TLS to the brokers. PEM texts. */
export interface KafkaTls {
  /** Instead of the authorities that Node knows. */
  readonly ca?: Secret | undefined
  readonly cert?: Secret | undefined
  readonly key?: Secret | undefined
  readonly server_name?: string | undefined
  readonly insecure_skip_verify?: boolean | undefined
}

export interface KafkaConfig {
  readonly brokers: readonly string[]
  readonly group: string
  readonly topics: Readonly<Partial<Record<SignalKind, string | undefined>>>
  readonly encoding: 'otlp_proto' | 'otlp_json'
  /** Where to begin in a partition of which nothing is stored; `committed`: where the group stands, if that is further too. */
  readonly from: 'earliest' | 'latest' | 'committed'
  readonly sasl?:
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
        readonly username: string
        readonly password: Secret
      }
    | undefined
  readonly ssl?: boolean | KafkaTls | undefined
}
