export { createQueryEngine, type QueryEngineOptions } from './engine.ts'
export type { QueryLimits } from './limits.ts'
