import { once } from 'node:events'
import { connect } from 'node:http2'

import { afterEach, expect, test } from 'vitest'

import { ManualClock } from '../clock.ts'
import { silentLog } from '../ports/log.ts'
import { silentMeter } from '../ports/meter.ts'
import { Http2Listening, type Http2ListeningOptions } from './http2-listening.ts'

let listening: Http2Listening | undefined
afterEach(() => listening?.stop())

async function listen(clock: ManualClock, onStream: Http2ListeningOptions['onStream']): Promise<string> {
  listening = new Http2Listening({
    host: '127.0.0.1',
    port: 0,
    setting: 'listen.otlp_grpc',
    connections: 10,
    drain_ms: 10,
    clock,
    log: silentLog,
    meter: silentMeter,
    onStream,
  })
  await listening.start()
  return `http://127.0.0.1:${listening.addresses[0]!.port}`
}

test('a connection that is on its way out is not asked whether it is there', async () => {
  const clock = new ManualClock()
  const asked = Promise.withResolvers<void>()
  const url = await listen(clock, ({ session }) => {
    session!.destroy()
    try {
      clock.advanceTo(60_000)
      asked.resolve()
    } catch (error) {
      asked.reject(error)
    }
  })
  const session = connect(url).on('error', () => {})
  const request = session.request({ ':path': '/' }).on('error', () => {})
  const closed = once(session, 'close')
  await expect(asked.promise).resolves.toBeUndefined()
  request.destroy()
  await closed
})
