import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstat,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'

import type { Clock } from '../clock.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import { atOnce, type Steps } from '../steps.ts'
import { segmentHeader } from './segment.ts'

/** At most so long after it was written is a record safe from loss of power, too. */
const SYNC_MS = 1000
/** As much is written in one step. */
const PIECE_BYTES = 2 ** 21

const [datasync, stat] = [promisify(fdatasync), promisify(fstat)]

/** Writes all of `bytes` at `position`; as `fs.writeSync`, which may write less. For tests to fail. */
export type Write = (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => number

export interface SegmentWriterOptions {
  readonly clock: Clock
  readonly log: Log
  readonly write: Write
  /** A file that is written over, if it is there. */
  readonly spare: string
  /** A file of this name was begun, could not be written, and may still be there. */
  readonly again: boolean
  /** What was written may not survive loss of power: a sync failed, after which the system tells nothing any more, or the file is gone. */
  readonly unsafe: () => void
}

export const write: Write = (fd, bytes, offset, length, position) => writeSync(fd, bytes, offset, length, position)

/**
 * One open segment. What `appending` has ended with survives the end of the process. A spare file is written over where there is one: to find new memory
 * for a file costs the system several times what it takes to copy into that of an old one.
 */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions
  readonly #path: string
  readonly #fd: number
  #size = 0
  /** Length of the file: what it has behind `#size` is of an earlier life. */
  #end = 0
  #torn = false
  #isUnsafe = false
  #syncing: Promise<void> | undefined
  /** It may be written to; and its descriptor is nobody's. */
  #open = true
  #isClosed = false
  #cancelSync: (() => void) | undefined

  /** A file with its header. Throws `ServiceError('unavailable')`, leaving no file if it can. */
  constructor(path: string, options: SegmentWriterOptions) {
    this.#options = options
    this.#path = path
    try {
      this.#fd = opened(path, options)
      this.#end = fstatSync(this.#fd).size
    } catch (error) {
      throw unwritable(error)
    }
    try {
      atOnce(this.appending(segmentHeader()))
    } catch (error) {
      this.#open = false
      this.#cancelSync?.()
      closeSync(this.#fd)
      removed(path)
      throw error
    }
  }

  get size(): number {
    return this.#size
  }

  /** All of `bytes` or nothing: throws `ServiceError('unavailable')` when there is no room, and may be tried again. Nothing else is appended between its steps. */
  *appending(bytes: Uint8Array): Steps<void> {
    try {
      if (this.#torn) this.#cut()
      this.#torn = true
      let done = 0
      while (done < bytes.length) {
        if (done > 0) yield
        done += this.#options.write(
          this.#fd,
          bytes,
          done,
          Math.min(bytes.length - done, PIECE_BYTES),
          this.#size + done,
        )
      }
      this.#torn = false
    } catch (error) {
      this.#tryCut()
      throw unwritable(error)
    }
    this.#size += bytes.length
    this.#cancelSync ??= this.#options.clock.after(SYNC_MS, () => this.#sync())
  }

  /** Leaves nothing behind what was written. */
  trim(): void {
    if (this.#size < this.#end) this.#tryCut()
  }

  /** Waits until all is on the disk, and closes. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#cancelSync?.()
    this.trim()
    try {
      fdatasyncSync(this.#fd)
    } catch (error) {
      this.#tellUnsafe('The journal could not be synced to the disk.', { error: messageOf(error) })
    }
    this.#isClosed = true
    closeSync(this.#fd)
  }

  /** The same, off the event loop: no more is written. */
  async retire(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#cancelSync?.()
    await (this.#syncing = this.#synced())
    this.#isClosed = true
    closeSync(this.#fd)
  }

  #sync(): void {
    this.#cancelSync = undefined
    this.#syncing = this.#synced()
  }

  /** Waits for the one before, whose descriptor may not be closed meanwhile. */
  async #synced(): Promise<void> {
    await this.#syncing
    try {
      await datasync(this.#fd)
      if (!this.#open) return
      const { nlink } = await stat(this.#fd)
      // One that is retired is deleted when it is needed no more.
      if (nlink === 0 && this.#open)
        this.#tellUnsafe('The journal was deleted while it was written to.', { path: this.#path })
    } catch (error) {
      // Closing syncs as well, and may have overtaken this.
      if (!this.#isClosed) this.#tellUnsafe('The journal could not be synced to the disk.', { error: messageOf(error) })
    }
  }

  /** Once a segment. */
  #tellUnsafe(message: string, facts: Readonly<Record<string, unknown>>): void {
    if (this.#isUnsafe) return
    this.#isUnsafe = true
    this.#options.log.error(message, facts)
    this.#options.unsafe()
  }

  #cut(): void {
    ftruncateSync(this.#fd, this.#size)
    this.#end = this.#size
    this.#torn = false
  }

  #tryCut(): void {
    try {
      this.#cut()
    } catch {
      // It is tried again before the next record; until then recovery would stop at the half one.
    }
  }
}

/** The spare file under this name, else a new one. */
function opened(path: string, { spare, again }: SegmentWriterOptions): number {
  try {
    // First, since another may become the spare one meanwhile.
    renameSync(spare, path)
  } catch {
    return openSync(path, again ? 'w' : 'wx')
  }
  try {
    return openSync(path, 'r+')
  } catch (error) {
    removed(path)
    throw error
  }
}

/** What stands in the way of writing may stand in the way of this. */
function removed(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It is written over by whoever makes a segment of this number next.
  }
}

function unwritable(error: unknown): ServiceError {
  return new ServiceError('unavailable', 'the journal cannot be written; is the disk full?', { cause: error })
}
