import type { ConnectionOptions } from 'node:tls'

import kafkajs, { type Kafka, type logCreator, type SASLOptions } from 'kafkajs'

import type { Log } from '#core/ports/log.ts'

import { mendAborted } from './aborted.ts'
import { mendCommits } from './commits.ts'
import { mendMetadata } from './metadata.ts'
import { mendRequestQueue } from './request-queue.ts'
import type { KafkaConfig } from './settings.ts'

// A CommonJS module whose names Node cannot see.
const { logLevel } = kafkajs

/** The library's own pause would grow to half a minute. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1000 }
const TIMES = { connectionTimeout: 5000, authenticationTimeout: 10_000, requestTimeout: 30_000 }

/** The library's words in our log. It repeats itself for as long as a broker is away: whoever uses it says what matters. */
function logTo(log: Log): logCreator {
  return () =>
    ({ log: { message, error, broker, groupId } }) => {
      const fields = Object.entries({ error, broker, groupId }).filter(([, value]) => value !== undefined)
      log.debug(`kafka: ${message}`, Object.fromEntries(fields))
    }
}

function tlsOf(ssl: KafkaConfig['ssl']): ConnectionOptions | boolean {
  if (ssl === undefined || typeof ssl === 'boolean') return ssl ?? false
  const { ca, cert, key, server_name, insecure_skip_verify } = ssl
  return {
    ...(ca !== undefined && { ca: ca.reveal() }),
    ...(cert !== undefined && { cert: cert.reveal() }),
    ...(key !== undefined && { key: key.reveal() }),
    ...(server_name !== undefined && { servername: server_name }),
    rejectUnauthorized: insecure_skip_verify !== true,
  }
}

function saslOf({ mechanism, username, password }: NonNullable<KafkaConfig['sasl']>): SASLOptions {
  return { mechanism, username, password: password.reveal() }
}

export interface ClientOptions {
  readonly config: Pick<KafkaConfig, 'brokers' | 'sasl' | 'ssl'>
  readonly log: Log
  /** How often it tries to reach a broker before it gives up, a second apart. */
  readonly retries: number
  /** Then it gives up at once. */
  readonly closed: () => boolean
}

export function createClient({ config: { brokers, sasl, ssl }, log, retries, closed }: ClientOptions): Kafka {
  mendRequestQueue()
  mendMetadata()
  mendAborted()
  mendCommits()
  return new kafkajs.Kafka({
    clientId: 'barograph',
    // Without a name to try there is nothing to try again.
    brokers: () => (closed() ? [] : [...brokers]),
    ssl: tlsOf(ssl),
    ...(sasl !== undefined && { sasl: saslOf(sasl) }),
    ...TIMES,
    retry: { ...RETRY, retries },
    logLevel: logLevel.WARN,
    logCreator: logTo(log),
  })
}
