import { logs, SeverityNumber } from '@opentelemetry/api-logs'
import { destination, pino, stdTimeFunctions } from 'pino'

import { messageOf } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'

const LEVELS = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
} as const

type Fields = Readonly<Record<string, unknown>>

const readable = (fields: Fields): Record<string, string | number | boolean> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'number' || typeof value === 'boolean'
        ? value
        : value instanceof Error
          ? messageOf(value)
          : String(value),
    ]),
  )

/** Lines of JSON on standard error, and the same records over OpenTelemetry when it runs. */
export function processLog(level: keyof typeof LEVELS = 'info'): Log {
  const out = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination({ fd: 2, sync: true }),
  )
  const write =
    (severity: keyof typeof LEVELS) =>
    (message: string, fields: Fields = {}) => {
      const attributes = readable(fields)
      out[severity](attributes, message)
      logs
        .getLogger('barograph')
        .emit({ severityNumber: LEVELS[severity], severityText: severity.toUpperCase(), body: message, attributes })
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
