import { statfs } from 'node:fs/promises'

import type { Clock } from '../clock.ts'
import type { Component } from '../component.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import type { Meter } from '../ports/meter.ts'

const CHECK_MS = 1000
/** Inputs are taken again when there is so much more than the reserve: not refused and taken in turns. */
const AGAIN = 1.25

export interface DiskSpaceOptions {
  readonly folder: string
  /** Bytes that stay free; 0: the disk is used to the end. */
  readonly reserve: number
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** Bytes free where the folder lies; for tests. */
  readonly free?: () => Promise<number>
}

/**
 * Whether there is room for more inputs. What is kept free is for what makes room (a checkpoint, after which the journal goes), for
 * incidents, and for the machine.
 */
export class DiskSpace implements Component {
  readonly #options: DiskSpaceOptions
  #free = Infinity
  #low = false
  #cancel: (() => void) | undefined

  constructor(options: DiskSpaceOptions) {
    this.#options = options
    options.meter.gauge('barograph.disk.free', { description: 'Room where the data lies', unit: 'By' }, () => {
      return Number.isFinite(this.#free) ? this.#free : Number.NaN
    })
    options.meter.gauge('barograph.disk.low', { description: '1 while inputs are refused for want of room' }, () => {
      return this.#low ? 1 : 0
    })
  }

  /** True while less than the reserve is free. */
  get low(): boolean {
    return this.#low
  }

  /** Knows when it returns. */
  async start(): Promise<void> {
    await this.check()
    this.#cancel ??= this.#options.clock.every(CHECK_MS, () => void this.check())
  }

  async stop(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
  }

  async check(): Promise<void> {
    const { folder, reserve, log } = this.#options
    try {
      this.#free = await (this.#options.free ?? freeOf(folder))()
    } catch (error) {
      // A write will tell.
      log.debug('the room on the disk is not known', { error: messageOf(error) })
      return
    }
    const low = this.#free < (this.#low ? reserve * AGAIN : reserve)
    if (low === this.#low) return
    this.#low = low
    const facts = { folder, free_bytes: this.#free, reserve_bytes: reserve }
    if (low) log.error('The disk is nearly full; inputs are refused until there is room (limits.disk_reserve).', facts)
    else log.info('There is room on the disk; inputs are taken again.', facts)
  }
}

function freeOf(folder: string): () => Promise<number> {
  return async () => {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  }
}
