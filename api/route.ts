import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'

import type { Turns } from '#core/turns.ts'

import type { ApiLimits, ApiOptions } from './options.ts'
import type { Deliveries } from './prometheus/delivery.ts'
import type { Streams } from './stream/streams.ts'

/** What every route works with: the options with limits complete, and the streams that are open. */
export interface Api extends ApiOptions {
  readonly limits: ApiLimits
  readonly streams: Streams
  readonly turns: Turns
  readonly deliveries: Deliveries
  readonly started_ms: number
  /** The app with every route on it, to be described. */
  whole(): OpenAPIHono
}

export interface RouteModule {
  /** The name of its file. */
  readonly name: string
  /**
   * - `prometheus`: Prometheus' HTTP API: its envelope for errors, CORS open, any Origin may read.
   * - `own`: `{"error":{code,message}}`, in `/openapi.json`, same origin while listening on loopback.
   * - `plain`: text and files, errors and Origin as `own`, not in `/openapi.json`.
   */
  readonly family: 'prometheus' | 'own' | 'plain'
  /** Every path that it answers, as OpenAPI writes them: `/api/v1/incidents/{id}`. */
  readonly paths: readonly string[]
  mount(app: OpenAPIHono, api: Api): void
  /** Answers what no path is registered for; undefined: not mine either. */
  fallback?(c: Context, api: Api): Promise<Response | undefined>
}

/** A path of OpenAPI as the router writes it. */
export function routerPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}
