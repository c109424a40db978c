/** What the store takes. `Infinity` is no limit. */
export interface StoreLimits {
  /** Series that are live: with a sample of late. A histogram is one. */
  readonly series: number
  /** Series that have samples, those included that are silent for long; at least `series`. */
  readonly series_kept: number
  readonly series_per_metric: number
  /** Labels of a series, its name included. */
  readonly labels: number
  /** Characters. */
  readonly label_name_length: number
  /** Characters. */
  readonly label_value_length: number
  /** Buckets of a histogram, the one above every bound included; at most 4096. */
  readonly buckets: number
  /** How far behind the newest of its series a sample may come. */
  readonly out_of_order_ms: number
  /** How far beyond analysis time a sample may lie. */
  readonly ahead_ms: number
  /** How long samples stay. */
  readonly retention_ms: number
  /** How long rollups of a series stay that still has samples. */
  readonly rollups_ms: number
  /** Samples and rollups, on disk and in memory; beyond it the oldest files go. */
  readonly bytes: number
  /** Memory for sealed samples beside the raw ones: growing chunks, and the newest of what is in files. */
  readonly cache_bytes: number
  /** Exemplars in all, and of one series; the newest stay. */
  readonly exemplars: number
  readonly exemplars_per_series: number
}

/** Room for a small cluster in 2 GB of memory. Product limits: 15 days, 30 min out of order, 10 min ahead. */
export const STORE_LIMITS: StoreLimits = {
  series: 200_000,
  series_kept: 400_000,
  series_per_metric: 50_000,
  labels: 64,
  label_name_length: 256,
  label_value_length: 4096,
  buckets: 512,
  out_of_order_ms: 1_800_000,
  ahead_ms: 600_000,
  retention_ms: 15 * 86_400_000,
  rollups_ms: 400 * 86_400_000,
  bytes: 2 ** 30,
  cache_bytes: 2 ** 27,
  exemplars: 100_000,
  exemplars_per_series: 10,
}
