export { BandWriter } from './band-writer.ts'
export { parseBudget } from './budget.ts'
export { ScoringEngine } from './engine.ts'
export type { AnomalySpec } from './spec.ts'
