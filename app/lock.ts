import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { messageOf, ServiceError } from '#core/errors.ts'

/** SQLITE_BUSY: another has it. */
const BUSY = 5

/**
 * One process a data folder: two would tear each other's journal. Returns the way to let go. Throws `ServiceError('bad_config')` when another has it
 * or the folder cannot be made.
 */
export function lockFolder(folder: string): () => void {
  const held = hold(folder)
  const note = join(folder, 'lock')
  noted(note)
  const release = (): void => {
    process.off('exit', release)
    // First, or it would be that of who has the folder next.
    removed(note)
    held.close()
  }
  // A start that fails ends the process without letting go.
  process.once('exit', release)
  return release
}

/**
 * A lock of the system's, which ends with the process however that ends. The number of a process says nothing where containers share the folder: each counts its
 * own. Node has no such lock but that of SQLite; the file stays empty.
 */
function hold(folder: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    makeFolder(folder)
    // The dot: a file is no folder, and is told to be none.
    accessSync(`${folder}/.`, constants.W_OK)
    database = new DatabaseSync(join(folder, 'lock.sqlite'))
    // In memory, so that nothing is written: a full disk can be started on.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    const busy = (error as { readonly errcode?: unknown }).errcode === BUSY
    const what = busy
      ? `is in use by ${holder(folder)}; stop it, or give this one another folder with --set data=DIR`
      : `cannot be used: ${messageOf(error)}`
    throw new ServiceError('bad_config', `data: ${folder} ${what}`, busy ? {} : { cause: error })
  }
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
