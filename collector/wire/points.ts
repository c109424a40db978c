import { grown } from '#core/store/grow.ts'

/** What a point says beside its number. */
export const PLAIN = 0
/** It has no recorded value: its series has ended. */
export const ENDED = 1
/** Neither of its two values is set. */
export const EMPTY = 2

/** A sample that counted nothing, at the time from which its series counts. */
export interface Zero {
  /** The sample that it stands before. */
  readonly before: number
  readonly series: number
  readonly time_ms: number
}

/** Data points of gauges and sums. */
export class NumberColumns {
  length = 0
  /** The alias of metric and attributes; where that is not known yet, `-1 - index` of a miss. */
  code = new Int32Array(1024)
  /** 0 where absent, NaN where no clock says so. */
  time_ms = new Float64Array(1024)
  /** 0 where absent. */
  start_ms = new Float64Array(1024)
  value = new Float64Array(1024)
  /** `PLAIN`, `ENDED` or `EMPTY`. */
  state = new Uint8Array(1024)

  /** A finished sample behind the others. */
  append({ series, time_ms, value, stale }: MadeFloat): void {
    const at = this.length
    if (at === this.code.length) this.grow()
    this.code[at] = series
    this.time_ms[at] = time_ms
    this.value[at] = value
    this.state[at] = stale ? 1 : 0
    this.length = at + 1
  }

  /** Puts samples of 0 where they belong, which ascend. */
  insert(zeros: readonly Zero[]): void {
    if (zeros.length === 0) return
    const { length } = this
    if (length + zeros.length > this.code.length) this.grow(zeros.length)
    const columns = [this.code, this.time_ms, this.value, this.state]
    for (let end = length, up = zeros.length; up > 0; up--) {
      const { before, series, time_ms } = zeros[up - 1]!
      for (const column of columns) column.copyWithin(before + up, before, end)
      end = before
      const at = before + up - 1
      this.code[at] = series
      this.time_ms[at] = time_ms
      this.value[at] = 0
      this.state[at] = 0
    }
    this.length = length + zeros.length
  }

  /** Makes room for more. */
  grow(more = 1): void {
    const length = this.length + more
    this.code = grown(this.code, length)
    this.time_ms = grown(this.time_ms, length)
    this.start_ms = grown(this.start_ms, length)
    this.value = grown(this.value, length)
    this.state = grown(this.state, length)
  }
}

/** Data points of histograms with explicit bounds. */
export class HistogramColumns {
  length = 0
  code = new Int32Array(64)
  /** The alias of its bounds; -1 where that is not known yet. */
  row = new Int32Array(64)
  time_ms = new Float64Array(64)
  start_ms = new Float64Array(64)
  count = new Float64Array(64)
  /** NaN where absent. */
  sum = new Float64Array(64)
  state = new Uint8Array(64)
  /** Where its bounds stand: of which source, from, to. */
  source = new Uint32Array(64)
  from = new Uint32Array(64)
  to = new Uint32Array(64)
  /** Where its counts begin in `buckets`; they end where the next one's begin. */
  start = new Uint32Array(65)
  buckets = new Float64Array(1024)

  /** Puts samples that counted nothing where they belong, which ascend; each has as many buckets as the one that it stands before. */
  insert(zeros: readonly Zero[]): void {
    if (zeros.length === 0) return
    const { length } = this
    if (length + zeros.length >= this.code.length) this.grow(zeros.length + 1)
    const { start } = this
    const widthOf = (row: number): number => start[row + 1]! - start[row]!
    let shift = zeros.reduce((sum, { before }) => sum + widthOf(before), 0)
    this.buckets = grown(this.buckets, start[length]! + shift)
    const columns = [this.code, this.time_ms, this.sum, this.count, this.state]
    start[length + zeros.length] = start[length]! + shift
    for (let end = length, up = zeros.length; up > 0; up--) {
      const { before, series, time_ms } = zeros[up - 1]!
      const width = widthOf(before)
      const [from, to] = [start[before]!, start[end]!]
      for (const column of columns) column.copyWithin(before + up, before, end)
      this.buckets.copyWithin(from + shift, from, to)
      for (let row = end - 1; row >= before; row--) start[row + up] = start[row]! + shift
      shift -= width
      end = before
      const at = before + up - 1
      start[at] = from + shift
      this.buckets.fill(0, from + shift, from + shift + width)
      this.code[at] = series
      this.time_ms[at] = time_ms
      this.sum[at] = Number.isNaN(this.sum[at + 1]!) ? NaN : 0
      this.count[at] = 0
      this.state[at] = 0
    }
    this.length = length + zeros.length
  }

  /** Makes room for more. */
  grow(more = 1): void {
    const length = this.length + more
    for (const name of ['code', 'row'] as const) this[name] = grown(this[name], length)
    for (const name of ['time_ms', 'start_ms', 'count', 'sum'] as const) this[name] = grown(this[name], length)
    for (const name of ['source', 'from', 'to'] as const) this[name] = grown(this[name], length)
    this.state = grown(this.state, length)
    this.start = grown(this.start, this.code.length + 1)
  }

  /** A finished sample behind the others. */
  append({ series, time_ms, value, stale, count, buckets }: MadeHistogram): void {
    const at = this.length
    if (at === this.code.length) this.grow()
    this.code[at] = series
    this.time_ms[at] = time_ms
    this.sum[at] = value
    this.count[at] = count
    this.state[at] = stale ? 1 : 0
    const start = this.start[at]!
    this.buckets = grown(this.buckets, start + buckets.length)
    this.buckets.set(buckets, start)
    this.start[at + 1] = start + buckets.length
    this.length = at + 1
  }

  /** Makes room for so many buckets of all. */
  growBuckets(length: number): void {
    this.buckets = grown(this.buckets, length)
  }

  /** The count of the bucket `index` of the point that comes next. */
  bucket(value: number, index: number): void {
    const at = this.start[this.length]! + index
    if (at >= this.buckets.length) this.growBuckets(at + 1)
    this.buckets[at] = value
  }
}

interface RarePoint {
  readonly code: number
  readonly time_ms: number
  readonly start_ms: number
  readonly state: number
}

export interface ExponentialBuckets {
  readonly offset: number
  readonly counts: readonly number[]
}

export interface ExponentialPoint extends RarePoint {
  readonly count: number
  /** NaN where absent. */
  readonly sum: number
  readonly scale: number
  readonly zero_count: number
  readonly zero_threshold: number
  readonly positive: ExponentialBuckets
  readonly negative: ExponentialBuckets
}

/** A sample that is made, not read: it has no place in the columns of the points. */
export interface MadeFloat {
  readonly series: number
  readonly time_ms: number
  readonly value: number
  readonly stale: boolean
}

export interface MadeHistogram extends MadeFloat {
  /** `value` is the sum. */
  readonly count: number
  readonly buckets: Float64Array
}

export interface SummaryPoint extends RarePoint {
  readonly count: number
  readonly sum: number
  readonly quantiles: readonly (readonly [quantile: number, value: number])[]
}

/** An exemplar of the point with this code, not read yet. */
export interface FoundExemplar {
  readonly code: number
  readonly source: number
  readonly from: number
  readonly to: number
}

/** The points of one resource: up to where they stand in each of the columns. */
export interface ResourceBlock {
  readonly resource: number
  numbers: number
  histograms: number
  exponentials: number
  summaries: number
}

const EXEMPLARS = 10_000

/**
 * The points of one request as they stand on the wire: times, values, and who they are of as a small integer. Filled by a
 * reader of either encoding, emptied into samples; used again for the next request.
 */
export class Points {
  /** The body, then pieces that had to be put together. */
  readonly sources: DataView[] = []
  readonly numbers = new NumberColumns()
  readonly histograms = new HistogramColumns()
  readonly exponentials: ExponentialPoint[] = []
  readonly summaries: SummaryPoint[] = []
  readonly exemplars: FoundExemplar[] = []
  readonly blocks: ResourceBlock[] = []
  /** Attributes that were seen for the first time: where they stand, and of which metric. */
  misses = 0
  missSource = new Uint32Array(256)
  missFrom = new Uint32Array(256)
  missTo = new Uint32Array(256)
  missMetric = new Int32Array(256)
  readonly #marked = { numbers: 0, histograms: 0, exponentials: 0, summaries: 0, exemplars: 0, misses: 0 }

  /** Of all kinds. */
  get length(): number {
    return this.numbers.length + this.histograms.length + this.exponentials.length + this.summaries.length
  }

  clear(): void {
    this.sources.length = 0
    this.numbers.length = 0
    this.histograms.length = 0
    this.histograms.start[0] = 0
    this.exponentials.length = 0
    this.summaries.length = 0
    this.exemplars.length = 0
    this.blocks.length = 0
    this.misses = 0
  }

  /** Takes down how far the columns go. */
  mark(): void {
    const marked = this.#marked
    marked.numbers = this.numbers.length
    marked.histograms = this.histograms.length
    marked.exponentials = this.exponentials.length
    marked.summaries = this.summaries.length
    marked.exemplars = this.exemplars.length
    marked.misses = this.misses
  }

  /** Forgets what was read since the mark. */
  back(): void {
    const marked = this.#marked
    this.numbers.length = marked.numbers
    this.histograms.length = marked.histograms
    this.exponentials.length = marked.exponentials
    this.summaries.length = marked.summaries
    this.exemplars.length = marked.exemplars
    this.misses = marked.misses
  }

  /** Adds a byte string that ranges may lie in; returns its number. */
  source(bytes: Uint8Array): number {
    return this.sources.push(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) - 1
  }

  /** What follows belongs to this resource. */
  begin(resource: number): void {
    this.end()
    this.blocks.push({ resource, numbers: 0, histograms: 0, exponentials: 0, summaries: 0 })
  }

  /** Closes the block of the newest resource. */
  end(): void {
    const block = this.blocks.at(-1)
    if (block === undefined) return
    block.numbers = this.numbers.length
    block.histograms = this.histograms.length
    block.exponentials = this.exponentials.length
    block.summaries = this.summaries.length
  }

  /** The code of attributes that nobody knows yet. */
  miss(source: number, from: number, to: number, metric: number): number {
    const at = this.misses++
    if (at === this.missFrom.length) {
      this.missSource = grown(this.missSource, at + 1)
      this.missFrom = grown(this.missFrom, at + 1)
      this.missTo = grown(this.missTo, at + 1)
      this.missMetric = grown(this.missMetric, at + 1)
    }
    this.missSource[at] = source
    this.missFrom[at] = from
    this.missTo[at] = to
    this.missMetric[at] = metric
    return -1 - at
  }

  /** Exemplars are samples of samples: beyond a number nobody misses them. */
  exemplar(exemplar: FoundExemplar): void {
    if (this.exemplars.length < EXEMPLARS) this.exemplars.push(exemplar)
  }
}
