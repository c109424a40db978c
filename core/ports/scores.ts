import type { ScoredSeries } from '../score.ts'

export interface ScoreReader {
  /** The newest verdict of every scored series of ordinary rules (evidence rules left out) that still gets samples, ordered; bounded. */
  newest(limit: number): readonly ScoredSeries[]
}
