import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'

import kafkajs, { type Kafka, type logCreator } from 'kafkajs'

import type { Log } from '#core/ports/log.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

// A CommonJS module whose names Node cannot see.
const { CompressionCodecs, CompressionTypes, logLevel } = kafkajs

/** The library's words in our log. It repeats itself for as long as a broker is away: whoever uses it says what matters. */
function logTo(log: Log): logCreator {
  return () =>
    ({ log: { message, error, broker, groupId } }) => {
      const fields = Object.entries({ error, broker, groupId }).filter(([, value]) => value !== undefined)
      log.debug(`kafka: ${message}`, Object.fromEntries(fields))
    }
}

/** A client that also reads zstd; `inflated`: bytes that one batch of records may have. */
export function createClient(brokers: readonly string[], log: Log, inflated: number): Kafka {
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => compress(buffer),
    decompress: async (buffer: Buffer) => decompress(buffer, { maxOutputLength: inflated }),
  })
  return new kafkajs.Kafka({
    clientId: 'barograph',
    brokers: [...brokers],
    logLevel: logLevel.WARN,
    logCreator: logTo(log),
  })
}
