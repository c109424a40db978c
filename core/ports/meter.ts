/** A count that only grows. Attributes are few and bounded; where much is counted or recorded with the same ones, one frozen object is quicker. */
export interface Counter {
  add(value: number, attributes?: Readonly<Record<string, string>>): void
}

export interface Histogram {
  record(value: number, attributes?: Readonly<Record<string, string>>): void
}

/** One line of a gauge that has several. */
export interface Reading {
  readonly value: number
  readonly attributes: Readonly<Record<string, string>>
}

/** A room's own telemetry; `app/` gives one on OpenTelemetry, tests a plain one. Names: `barograph.ROOM.what`, units UCUM. */
export interface Meter {
  counter(name: string, options: { description: string; unit?: string }): Counter
  /** `bounds` ascend: the upper ones of its buckets, themselves included. */
  histogram(name: string, options: { description: string; unit?: string; bounds: readonly number[] }): Histogram
  /** Read when someone looks. */
  gauge(name: string, options: { description: string; unit?: string }, read: () => number | readonly Reading[]): void
}

/** For tests and offline commands: counts nothing. */
export const silentMeter: Meter = {
  counter: () => ({ add() {} }),
  histogram: () => ({ record() {} }),
  gauge() {},
}
