import { existsSync } from 'node:fs'
import { link, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { assert } from '../assert.ts'
import type { Snapshot } from '../component.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import { openCheckpoint } from './checkpoint-file.ts'
import { CheckpointWriter, type Layout } from './checkpoint-writer.ts'
import { Damaged } from './file-bytes.ts'
import { synced } from './synced.ts'

/** A half file is of no use; what stands in the way of writing may stand in the way of this. */
async function discard(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch {
    // It is overwritten next time.
  }
}

/** Gives a file a second name, where the file system can: it never goes without the first one meanwhile. */
async function linked(path: string, second: string): Promise<boolean> {
  try {
    await link(path, second)
    return true
  } catch {
    return false
  }
}

/** A checkpoint on its way. */
export interface Writing {
  /** The state is taken down, or cannot be: inputs may go on. Never rejects. */
  readonly captured: Promise<void>
  /**
   * Resolves to the oldest segment that is still needed, for `dropBefore`: that of the previous checkpoint. Rejects with
   * `ServiceError('unavailable')` when it cannot be written; the old ones stay.
   */
  readonly done: Promise<number>
}

/** What is known of the files that this process wrote; undefined of others. */
interface Layouts {
  readonly newest?: Layout | undefined
  readonly previous?: Layout | undefined
  /** Set as well where there is such a file to be written over. */
  readonly spare?: Layout | undefined
}

/**
 * The state of every `Snapshot` in one file, `checkpoint`, with the journal segment that continues it. Replaced as a whole; the one before stays as
 * `checkpoint.previous`, and the one before that as `checkpoint.spare`: the next is written over it, so that parts which have not changed since are
 * there already, and the rest needs no new memory of the system. A spare is never read; one of another process is not used, since it may be the
 * previous one under a second name.
 */
export class Checkpoint {
  readonly #folder: string
  readonly #path: string
  readonly #log: Log
  /** Set when loading found `checkpoint` damaged: it must not replace the previous one. */
  #damaged = false
  #writing = false
  #bytes = 0
  #layouts: Layouts = {}

  constructor({ folder, log }: { readonly folder: string; readonly log: Log }) {
    this.#folder = folder
    this.#path = join(folder, 'checkpoint')
    this.#log = log
  }

  /** Size of the file that was written or loaded last, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Begins to write the state that there is now: what the journal holds from `segment` on is not in it. No input may be applied
   * until `captured` is settled. One at a time.
   */
  write(snapshots: readonly Snapshot[], segment: number): Writing {
    assert(!this.#writing, 'a checkpoint is being written')
    this.#writing = true
    const captured = Promise.withResolvers<void>()
    const done = this.#write(snapshots, segment, captured.resolve).finally(() => {
      this.#writing = false
    })
    return { captured: captured.promise, done }
  }

  /**
   * Loads every snapshot. Returns the segment from which the journal is to be applied; undefined where there is no
   * checkpoint. A damaged one is replaced by the previous, if `segments` (what the journal has) continue that. Throws
   * `ServiceError('bad_data')`: damaged, another format version, or a section that nobody here knows; `ServiceError('unavailable')`: it cannot be
   * opened.
   */
  load(snapshots: readonly Snapshot[], segments: readonly number[]): number | undefined {
    const previous = this.#previousPath()
    if (!existsSync(this.#path)) return existsSync(previous) ? this.#loadLast(previous, snapshots) : undefined
    try {
      return this.#loadFile(this.#path, snapshots)
    } catch (error) {
      if (!(error instanceof Damaged)) throw error
      this.#damaged = true
      const from = this.#segmentOf(previous)
      if (from === undefined || !segments.includes(from)) throw this.#lost(this.#path, error)
      this.#log.warn('The checkpoint is damaged; the previous one and the journal since are used.', {
        path: this.#path,
        reason: error.message,
      })
      return this.#loadLast(previous, snapshots)
    }
  }

  async #write(snapshots: readonly Snapshot[], segment: number, captured: () => void): Promise<number> {
    const temporary = `${this.#path}.tmp`
    const { spare, ...known } = this.#layouts
    this.#layouts = known
    try {
      // All at once, before anything else happens: those that send to others go on meanwhile. They are small.
      const sections = snapshots.map((snapshot) => ({
        name: snapshot.name,
        parts: snapshot.parts?.() ?? [snapshot.save()],
      }))
      const { bytes, layout } = await this.#writeTo(temporary, spare, async (writer) => {
        for (const { name, parts } of sections) await writer.section(name, parts)
        const written = await writer.finish(segment)
        captured()
        return written
      })
      for (const snapshot of snapshots) await snapshot.durable?.()
      const oldest = await this.#replace(temporary, segment, layout)
      this.#bytes = bytes
      for (const snapshot of snapshots) snapshot.placed?.()
      return oldest
    } catch (error) {
      captured()
      this.#layouts = {}
      await discard(temporary)
      throw new ServiceError('unavailable', `${this.#path} cannot be written; is the disk full?`, { cause: error })
    }
  }

  /** Over the spare file where its layout is known; synced. */
  async #writeTo<T>(
    temporary: string,
    spare: Layout | undefined,
    write: (writer: CheckpointWriter) => Promise<T>,
  ): Promise<T> {
    await mkdir(this.#folder, { recursive: true })
    if (spare === undefined) for (const path of [temporary, this.#sparePath()]) await rm(path, { force: true })
    else await rename(this.#sparePath(), temporary)
    const file = await open(temporary, spare === undefined ? 'wx' : 'r+')
    try {
      const written = await write(new CheckpointWriter(file, spare ?? []))
      await file.sync()
      return written
    } finally {
      await file.close()
    }
  }

  /** Puts a whole file in the place of the checkpoint, which becomes the previous one unless it is damaged; that one becomes the spare. */
  async #replace(temporary: string, segment: number, layout: Layout): Promise<number> {
    const previous = this.#previousPath()
    const { newest, previous: spare } = this.#layouts
    const older = this.#damaged ? undefined : this.#segmentOf(this.#path)
    const spared = older !== undefined && spare !== undefined && (await linked(previous, this.#sparePath()))
    if (older !== undefined) await rename(this.#path, previous)
    await rename(temporary, this.#path)
    await synced(this.#folder)
    this.#damaged = false
    this.#layouts = { newest: layout, ...(older !== undefined && { previous: newest }), ...(spared && { spare }) }
    return Math.min(segment, older ?? this.#segmentOf(previous) ?? segment)
  }

  #sparePath(): string {
    return `${this.#path}.spare`
  }

  #previousPath(): string {
    return `${this.#path}.previous`
  }

  /** Loads a file behind which there is no other. */
  #loadLast(path: string, snapshots: readonly Snapshot[]): number {
    try {
      return this.#loadFile(path, snapshots)
    } catch (error) {
      throw error instanceof Damaged ? this.#lost(path, error) : error
    }
  }

  #lost(path: string, error: Damaged): ServiceError {
    const advice = 'restore it from a backup, or move it and the journal away to start with nothing'
    return new ServiceError('bad_data', `${path} is damaged: ${error.message}; ${advice}`)
  }

  #loadFile(path: string, snapshots: readonly Snapshot[]): number {
    try {
      return openCheckpoint(path, (file) => {
        const sections = file.sections()
        for (const name of sections.keys()) {
          if (snapshots.some((snapshot) => snapshot.name === name)) continue
          throw new ServiceError(
            'bad_data',
            `it has a section ${JSON.stringify(name)}, which this version does not know`,
          )
        }
        this.#bytes = [...sections.values()].reduce((sum, { length }) => sum + length, 0)
        for (const snapshot of snapshots) {
          const bytes = sections.get(snapshot.name)
          if (bytes === undefined)
            this.#log.info('The checkpoint has no section of this name yet.', { name: snapshot.name })
          else snapshot.load(bytes)
        }
        return file.segment
      })
    } catch (error) {
      if (error instanceof Damaged) throw error
      const ofSystem = (error as NodeJS.ErrnoException).errno !== undefined
      throw new ServiceError(ofSystem ? 'unavailable' : 'bad_data', `${path}: ${messageOf(error)}`, { cause: error })
    }
  }

  /** The segment of a checkpoint file; undefined where it is missing or its header is damaged. */
  #segmentOf(path: string): number | undefined {
    if (!existsSync(path)) return undefined
    try {
      return openCheckpoint(path, ({ segment }) => segment)
    } catch {
      return undefined
    }
  }
}
