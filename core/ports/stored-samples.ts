import type { SampleBatch } from '../sample.ts'

/** Where samples come from: sent to us, made here by rules and detectors, or fetched from an upstream. */
export type SampleOrigin = 'received' | 'derived' | 'history'

/** Hears of samples once they are stored. Synchronous, and quick: ingest waits for it. */
export interface StoredSamples {
  /** `fresh`: as of `AppendResult`. All columns are views, valid during the call. */
  stored(batch: SampleBatch, fresh: Uint8Array, origin: SampleOrigin): void
}
