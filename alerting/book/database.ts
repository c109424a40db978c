import { open } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'

const VERSION = 1

const SCHEMA = `
  CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    opened_ms REAL NOT NULL,
    updated_ms REAL NOT NULL,
    severity TEXT NOT NULL,
    symptom TEXT NOT NULL,
    facts TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX incidents_by_time ON incidents (opened_ms, id);
  CREATE INDEX incidents_by_state ON incidents (state, opened_ms);
  CREATE TABLE incident_services (
    service TEXT NOT NULL,
    incident TEXT NOT NULL,
    PRIMARY KEY (service, incident)
  ) WITHOUT ROWID;
  CREATE INDEX services_by_incident ON incident_services (incident);
  CREATE TABLE notifications (
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    status TEXT NOT NULL,
    labels TEXT NOT NULL,
    notice TEXT NOT NULL,
    first_ms REAL NOT NULL,
    last_ms REAL NOT NULL,
    PRIMARY KEY (channel, key)
  ) WITHOUT ROWID;
  CREATE INDEX notifications_by_time ON notifications (last_ms);
  PRAGMA user_version = ${VERSION};
`

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** Whether nothing was in it. */
function prepared(database: DatabaseSync, path: string): boolean {
  database.exec('PRAGMA busy_timeout = 5000')
  const version = versionOf(database)
  if (version > VERSION) {
    throw new ServiceError(
      'bad_config',
      `${path}: format ${version} is newer than this Barograph knows (${VERSION}); upgrade it, or give another data folder`,
    )
  }
  // A damaged page elsewhere shows itself now, and not in the middle of the night.
  const check = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (check !== 'ok') throw new Error(String(check).replaceAll('\n', ' '))
  // Nothing is written before this line: a file that is refused stays as it is.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;')
  if (version === 0) transaction(database, () => database.exec(SCHEMA))
  return version === 0
}

/** All or nothing. */
function transaction(database: DatabaseSync, run: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    run()
    database.exec('COMMIT')
  } catch (error) {
    // A full disk has rolled it back already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Writes that may fail (a full disk, a locked file): said once for as long as it lasts, and never the end of the process. */
export class Writes {
  readonly #database: DatabaseSync
  readonly #log: Log
  #failing = false

  constructor(database: DatabaseSync, log: Log) {
    this.#database = database
    this.#log = log
  }

  /** All or nothing; false: nothing, and the caller keeps it for the next time. */
  attempt(run: () => void): boolean {
    try {
      transaction(this.#database, run)
      if (this.#failing) this.#log.info('the incident database is written again')
      this.#failing = false
      return true
    } catch (error) {
      if (!this.#failing) this.#log.error('the incident database cannot be written', { error: messageOf(error) })
      this.#failing = true
      return false
    }
  }
}

/** Resolves when all that was committed survives loss of power. Off the event loop: SQLite itself would wait. */
export async function syncDatabase(database: DatabaseSync): Promise<void> {
  const path = database.location()
  if (path === null) return
  // What went from here into the file itself was synced on the way. The file is left alone: to close it would drop SQLite's locks.
  const handle = await open(`${path}-wal`, 'r+')
  try {
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** SQLITE_IOERR and SQLITE_FULL: nothing is wrong with the file. */
function isDisk(error: unknown): boolean {
  const code = (error as { readonly errcode?: unknown }).errcode
  return typeof code === 'number' && [10, 13].includes(code & 0xff)
}

export interface OpenedDatabase {
  readonly database: DatabaseSync
  /** It was made now, or nothing was in it. */
  readonly isNew: boolean
}

/**
 * Opens or makes the file; `:memory:` works. Throws `ServiceError('bad_config')` for one that is newer or cannot be read,
 * `ServiceError('unavailable')` where the disk is full.
 */
export function openDatabase(path: string): OpenedDatabase {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path)
    return { database, isNew: prepared(database, path) }
  } catch (error) {
    database?.close()
    if (error instanceof ServiceError) throw error
    if (isDisk(error)) {
      const what = `${path}: the incident database cannot be opened (${messageOf(error)}); is the disk full?`
      throw new ServiceError('unavailable', what, { cause: error })
    }
    const advice = 'restore it from a backup, or move it away to begin with an empty one'
    throw new ServiceError('bad_config', `${path}: not a readable incident database (${messageOf(error)}); ${advice}`, {
      cause: error,
    })
  }
}
