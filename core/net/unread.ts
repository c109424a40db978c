import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { monotonicNow_ms } from '../clock.ts'
import type { Counter, Meter } from '../ports/meter.ts'

/** With thousands of requests under way not each looks at all. */
const LOOK_MS = 50

export interface UnreadOptions {
  /** The key of the configuration that sets the port. */
  readonly listener: string
  /** What may wait for all readers of a listener. */
  readonly bytes: number
  /** How long a reader may take nothing of what waits for him. */
  readonly patience_ms: number
  readonly meter: Meter
}

/**
 * Answers whose readers are slow, or never read. Node keeps what the system does not take, for each connection and without end: here a reader
 * is cut off who takes nothing for a while, and where too much waits for all, the one for whom most does.
 */
export class Unread {
  readonly #options: UnreadOptions
  /** The last answer of each connection, until it is looked at when it is over: to take each out as it ends costs more. */
  readonly #answers = new Map<Socket, ServerResponse>()
  readonly #cut: Counter
  #looked_ms = -Infinity

  constructor(options: UnreadOptions) {
    this.#options = options
    this.#cut = options.meter.counter('barograph.connections.unread', {
      description: 'Connections cut off whose readers did not read their answers, by listener',
    })
  }

  /** Bytes that wait for readers. */
  get bytes(): number {
    let bytes = 0
    for (const { writableLength } of this.#answers.keys()) bytes += writableLength
    return bytes
  }

  /** Watches over connections of a server from now on. */
  watch(server: Server): void {
    // Node goes by what the system takes, within one long write as well. Between two requests it sets another time.
    server.setTimeout(this.#options.patience_ms, (socket) => this.#silent(socket))
  }

  /** An answer begins. */
  begin(response: ServerResponse): void {
    const { socket } = response
    if (socket === null) return
    this.#makeRoom()
    this.#answers.set(socket, response)
  }

  #makeRoom(): void {
    const now_ms = monotonicNow_ms()
    if (now_ms - this.#looked_ms < LOOK_MS) return
    this.#looked_ms = now_ms
    for (const socket of this.#answers.keys()) if (!this.#isAnswering(socket)) this.#answers.delete(socket)
    let waiting = this.bytes
    while (waiting > this.#options.bytes) {
      const longest = [...this.#answers.keys()].reduce((a, b) => (b.writableLength > a.writableLength ? b : a))
      waiting -= longest.writableLength
      this.#end(longest)
    }
  }

  /** Nothing came or went: of a connection that is kept alive, one whose answer takes its time, or one that is not read. */
  #silent(socket: Socket): void {
    if (!this.#isAnswering(socket)) socket.destroy()
    else if (socket.writableLength > 0) this.#end(socket)
  }

  #isAnswering(socket: Socket): boolean {
    return !socket.destroyed && this.#answers.get(socket)?.writableFinished === false
  }

  #end(socket: Socket): void {
    this.#answers.delete(socket)
    this.#cut.add(1, { listener: this.#options.listener })
    socket.destroy()
  }
}
