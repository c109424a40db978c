import type { SampleBatch } from '../sample.ts'
import type { AppendResult } from './series-writer.ts'

/** Where samples come from: sent to us, made here by rules and detectors, or fetched from an upstream. */
export type SampleOrigin = 'received' | 'derived' | 'history'

/** Hears of samples once they are stored. Synchronous, and quick: ingest waits for it. */
export interface StoredSamples {
  /** `result`: what became of the batch. All columns are views, valid during the call. */
  stored(batch: SampleBatch, result: Pick<AppendResult, 'fresh' | 'exemplars'>, origin: SampleOrigin): void
}
