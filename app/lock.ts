import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { messageOf, ServiceError } from '#core/errors.ts'

/** SQLITE_BUSY: another has it. */
const BUSY = 5
/** SQLITE_NOTADB: it is not empty, as it should be. */
const NO_DATABASE = 26

/** Who has it, for as long as it is there. */
interface Held {
  readonly database: DatabaseSync
  /** Of the file, by which it is seen whether that was deleted. Never closed before the database: that would be the end of the lock. */
  readonly fd: number
}

/** One process a data folder: two would tear each other's journal. */
export class FolderLock {
  readonly #folder: string
  readonly #note: string
  #held: Held

  /** Throws `ServiceError('conflict')` when another has it, `ServiceError('bad_config')` when the folder cannot be made. */
  constructor(folder: string) {
    this.#folder = folder
    this.#note = join(folder, 'lock')
    this.#held = hold(folder)
    noted(this.#note)
    // A start that fails ends the process without letting go.
    process.once('exit', this.release)
  }

  /**
   * To be asked every second: who deletes the file of the lock, since he takes it for a remnant, lets another in. It is made again; undefined where that was
   * not needed. Throws `ServiceError('conflict')` when another was faster: from here on the folder is his, and nothing more may be written.
   */
  keep(): 'again' | undefined {
    if (!existsSync(this.#folder) || fstatSync(this.#held.fd).nlink > 0) return undefined
    const before = this.#held
    try {
      this.#held = hold(this.#folder)
    } catch (error) {
      if ((error as ServiceError).code !== 'conflict') return undefined
      process.off('exit', this.release)
      throw new ServiceError('conflict', `${messageOf(error)}; lock.sqlite was deleted under this process`)
    }
    letGo(before)
    return 'again'
  }

  readonly release = (): void => {
    process.off('exit', this.release)
    // First, or it would be that of who has the folder next.
    removed(this.#note)
    letGo(this.#held)
  }
}

function letGo({ database, fd }: Held): void {
  database.close()
  closeSync(fd)
}

/**
 * A lock of the system's, which ends with the process however that ends. The number of a process says nothing where containers share the folder: each counts its
 * own. Node has no such lock but that of SQLite; the file stays empty.
 */
function hold(folder: string): Held {
  try {
    makeFolder(folder)
    // The dot: a file is no folder, and is told to be none.
    accessSync(`${folder}/.`, constants.W_OK)
    return locked(join(folder, 'lock.sqlite'))
  } catch (error) {
    if (codeOf(error) !== BUSY) {
      throw new ServiceError('bad_config', `data: ${folder} cannot be used: ${messageOf(error)}`, { cause: error })
    }
    const advice = 'stop it, or give this one another folder with --set data=DIR'
    throw new ServiceError('conflict', `data: ${folder} is in use by ${holder(folder)}; ${advice}`)
  }
}

function locked(file: string): Held {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    // In memory, so that nothing is written: a full disk can be started on.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return { database, fd: openSync(file, 'r') }
  } catch (error) {
    database?.close()
    if (codeOf(error) !== NO_DATABASE) throw error
    // Nobody has it, or that would have been said.
    truncateSync(file)
    return locked(file)
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly errcode?: unknown } | undefined)?.errcode
}

/** `recursive` of Node never comes back where every name is refused as one that is not there, as in `/proc`. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder)
}

/** For people, and for versions that go by it. */
function noted(file: string): void {
  try {
    writeFileSync(file, String(process.pid))
  } catch {
    // A full disk: the lock is held without it.
  }
}

function removed(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // It says nothing to who holds no lock.
  }
}

function holder(folder: string): string {
  try {
    return `process ${readFileSync(join(folder, 'lock'), 'utf8')}`
  } catch {
    return 'another Barograph'
  }
}
