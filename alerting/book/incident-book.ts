import type { DatabaseSync } from 'node:sqlite'

import { ServiceError } from '#core/errors.ts'
import type { Incident } from '#core/incident.ts'
import type { IncidentFilter, IncidentReader } from '#core/ports/incidents.ts'

import { reviveFacts } from '../correlation/snapshot.ts'
import { syncDatabase, type Writes } from './database.ts'

/**
 * The facts of incidents in SQLite. Writes are collected and made durable by `flush`; readers see them before. What cannot be written is
 * kept for the next flush.
 */
export class IncidentBook implements IncidentReader {
  readonly #database: DatabaseSync
  readonly #writes: Writes
  readonly #unwritten = new Map<string, Incident>()
  readonly #put
  readonly #clear
  readonly #service
  readonly #get
  readonly #remove

  constructor(database: DatabaseSync, writes: Writes) {
    this.#database = database
    this.#writes = writes
    this.#put = database.prepare(`
      INSERT INTO incidents (id, state, opened_ms, updated_ms, severity, symptom, facts) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET state = excluded.state, opened_ms = excluded.opened_ms,
        updated_ms = excluded.updated_ms, severity = excluded.severity, symptom = excluded.symptom, facts = excluded.facts
    `)
    this.#clear = database.prepare('DELETE FROM incident_services WHERE incident = ?')
    this.#service = database.prepare('INSERT INTO incident_services (service, incident) VALUES (?, ?)')
    this.#get = database.prepare('SELECT facts FROM incidents WHERE id = ?')
    this.#remove = database.prepare('DELETE FROM incidents WHERE id = ?')
  }

  put(incident: Incident): void {
    this.#unwritten.set(incident.id, incident)
  }

  /** As if it had never been. */
  remove(id: string): void {
    this.#unwritten.delete(id)
    this.#writes.attempt(() => {
      this.#clear.run(id)
      this.#remove.run(id)
    })
  }

  flush(): void {
    if (this.#unwritten.size === 0) return
    const written = this.#writes.attempt(() => {
      for (const incident of this.#unwritten.values()) this.#write(incident)
    })
    if (written) this.#unwritten.clear()
  }

  /** Resolves when every incident is on the disk. Throws `ServiceError('unavailable')` where one cannot be written. */
  async durable(): Promise<void> {
    this.flush()
    if (this.#unwritten.size > 0) throw new ServiceError('unavailable', 'the incident database cannot be written')
    await syncDatabase(this.#database)
  }

  get(id: string): Incident | undefined {
    const unwritten = this.#unwritten.get(id)
    if (unwritten !== undefined) return unwritten
    const row = this.#get.get(id)
    return row === undefined ? undefined : factsOf(row)
  }

  /** Throws `ServiceError('bad_data')` when `after` is not known (any more). */
  list({ state, service, after, limit }: IncidentFilter): Incident[] {
    this.flush()
    const where: string[] = []
    const values: (string | number)[] = []
    if (state !== undefined) {
      where.push(`state IN (${state.map(() => '?').join(', ')})`)
      values.push(...state)
    }
    if (service !== undefined) {
      where.push('id IN (SELECT incident FROM incident_services WHERE service = ?)')
      values.push(service)
    }
    if (after !== undefined) {
      const from = this.get(after)
      if (from === undefined) throw new ServiceError('bad_data', `there is no incident ${after} to go on from`)
      where.push('(opened_ms, id) < (?, ?)')
      values.push(from.opened_ms, from.id)
    }
    const condition = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`
    const query = `SELECT facts FROM incidents ${condition} ORDER BY opened_ms DESC, id DESC LIMIT ?`
    return this.#database
      .prepare(query)
      .all(...values, limit)
      .map(factsOf)
  }

  /** Those not resolved or touched since `time_ms`, the newest `limit`, in order of touching. */
  recent(time_ms: number, limit: number): Incident[] {
    this.flush()
    const query = `SELECT facts FROM incidents WHERE state <> 'resolved' OR updated_ms >= ? ORDER BY updated_ms DESC, id LIMIT ?`
    return this.#database.prepare(query).all(time_ms, limit).map(factsOf).toReversed()
  }

  /** Forgets resolved incidents that were last touched before `time_ms`. */
  retain(time_ms: number): void {
    this.flush()
    this.#writes.attempt(() => {
      const old = `state = 'resolved' AND updated_ms < ?`
      this.#database
        .prepare(`DELETE FROM incident_services WHERE incident IN (SELECT id FROM incidents WHERE ${old})`)
        .run(time_ms)
      this.#database.prepare(`DELETE FROM incidents WHERE ${old}`).run(time_ms)
    })
  }

  #write(incident: Incident): void {
    const { id, state, opened_ms, updated_ms, severity, symptom } = incident
    this.#put.run(id, state, opened_ms, updated_ms, severity, symptom, JSON.stringify(incident))
    this.#clear.run(id)
    for (const service of new Set(incident.services)) this.#service.run(service, id)
  }
}

function factsOf(row: Readonly<Record<string, unknown>>): Incident {
  return JSON.parse(String(row['facts']), reviveFacts) as Incident
}
