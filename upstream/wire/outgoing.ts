import { Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '#core/series.ts'
import { partsOf } from '#core/store/histogram-row.ts'

/** A series as others know it: a float or an exponential row itself, or one of the series that a classic histogram row is. */
export interface Outgoing {
  readonly labels: Labels
  readonly definition: SeriesDefinition
  /** Where its value stands in a row of sum, count and buckets; −1 where it is the row, or a float. */
  readonly part: 'whole' | 'sum' | 'count' | 'bucket'
  /** Of a bucket: counts are summed up to this one. */
  readonly bucket: number
  /** What the encoder keeps of it, so that it is put together once. */
  encoded: Uint8Array | Uint32Array | undefined
}

/** Label sets that are looked up by series, so that they are not put together for each sample. Bounded. */
export class OutgoingSeries {
  readonly #definition: (id: SeriesId) => SeriesDefinition
  readonly #external: Labels
  readonly #most: number
  readonly #known = new Map<SeriesId, readonly Outgoing[]>()
  #size = 0

  /** `external`: labels for those that do not have them. */
  constructor(
    definition: (id: SeriesId) => SeriesDefinition,
    { external = Labels.empty, most = 100_000 }: { readonly external?: Labels; readonly most?: number } = {},
  ) {
    this.#definition = definition
    this.#external = external
    this.#most = most
  }

  of(id: SeriesId): readonly Outgoing[] {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const made = outgoing(this.#definition(id), this.#external)
    if (this.#size + made.length > this.#most) {
      this.#known.clear()
      this.#size = 0
    }
    this.#known.set(id, made)
    this.#size += made.length
    return made
  }
}

function outgoing(definition: SeriesDefinition, external: Labels): readonly Outgoing[] {
  const { kind, bounds } = definition
  const labels = external.size === 0 ? definition.labels : external.merge(definition.labels)
  if (kind !== 'histogram') return [{ labels, definition, part: 'whole', bucket: -1, encoded: undefined }]
  return partsOf(labels, bounds).map((part) => ({
    labels: part.labels,
    definition,
    part: part.kind,
    bucket: part.bucket,
    encoded: undefined,
  }))
}

/** The metric that metadata is about. */
export function familyOf({ labels }: SeriesDefinition): string {
  return labels.get(METRIC_NAME)
}
