import { hash } from 'node:crypto'

import type { Snapshot } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'
import { ByteReader } from '#core/store/bytes.ts'
import { joined, PartWriter } from '#core/store/part-writer.ts'

import type { Routes } from './routes.ts'
import type { RowTable } from './row-table.ts'
import type { RuleSet } from './rule-set.ts'
import { detectorText } from './scoring-rule.ts'

/** Format 1 had a code for every id up to the last. */
const VERSION = 2
const DENSE = 1

interface RoutesSnapshotOptions {
  readonly routes: Routes
  readonly table: RowTable
  readonly rules: RuleSet
  /** `limits.scored_series`. */
  readonly limit: number
  /** Whether that refused a series since routes were last made. */
  readonly refused: { some: boolean }
}

/**
 * Who follows which series, by the ids of the store, as they are in the checkpoint beside: a start that finds it need not match every series
 * again and look its rows up by their hash, 4 µs each. To be loaded with the store whose ids these are, after the rows of scoring. Where the rules
 * or their limit are other ones, each series is routed when it is heard of, as without this section.
 */
export class RoutesSnapshot implements Snapshot {
  readonly name = 'scoring_routes'
  readonly #options: RoutesSnapshotOptions

  constructor(options: RoutesSnapshotOptions) {
    this.#options = options
  }

  save(): Uint8Array {
    return joined(this.parts())
  }

  /** What the routes hang on; whether the limit refused a series; the series of each row; the routes. */
  parts(): readonly Uint8Array[] {
    const { routes, table, refused } = this.#options
    const writer = new PartWriter(64)
    writer.u8(VERSION)
    writer.text(this.#reasons())
    writer.u8(refused.some ? 1 : 0)
    writer.varint(table.feeds.length)
    writer.column(table.feeds)
    routes.save(writer)
    return writer.take()
  }

  load(bytes: Uint8Array): void {
    const { routes, table, refused } = this.#options
    const reader = new ByteReader(bytes)
    const version = reader.u8()
    if (version < DENSE || version > VERSION) {
      throw new ServiceError(
        'bad_data',
        `routes of scoring have format ${version}; this version reads 1 and ${VERSION}`,
      )
    }
    if (reader.text() !== this.#reasons()) return
    refused.some = reader.u8() === 1
    table.loadFeeds(reader.integers(reader.count(4)))
    routes.load(reader, (row) => row < table.end && table.rule.data[row]! > 0, version === DENSE)
    if (reader.left > 0) throw new ServiceError('bad_data', `routes of scoring have ${reader.left} bytes too many`)
  }

  /** All that says which rows a series of given labels feeds. */
  #reasons(): string {
    const { rules, limit } = this.#options
    const specs = [...rules.values()].map(({ spec }) => [spec.key, detectorText(spec), spec.plain])
    return hash('sha256', JSON.stringify([limit, specs]), 'hex')
  }
}
