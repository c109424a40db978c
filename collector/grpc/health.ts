import { BYTES, Cursor } from '../wire/cursor.ts'

export const HEALTH_CHECK = '/grpc.health.v1.Health/Check'

const SERVING = 1
const NOT_SERVING = 2

/** The service that a `HealthCheckRequest` asks for; '' is all of it. Throws `ServiceError('bad_data')`. */
export function askedService(request: Uint8Array): string {
  const cursor = new Cursor(request)
  let service = ''
  while (cursor.tag()) {
    if (cursor.field === 1 && cursor.wire === BYTES) service = cursor.text()
    else cursor.skip()
  }
  return service
}

/** `HealthCheckResponse`. Source: grpc.health.v1. */
export function healthResponse(serving: boolean): Uint8Array {
  return Uint8Array.of(8, serving ? SERVING : NOT_SERVING)
}
