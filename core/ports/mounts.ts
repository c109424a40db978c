import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * A path on the API's port that is answered from the raw request: bodies of telemetry are read as they come. Host and Origin have been
 * looked at before; methods have not.
 */
export interface Mount {
  /** Exactly, without parameters. */
  readonly path: string
  /** Always answers. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}
