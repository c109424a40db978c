export { createQueryEngine, type QueryEngineOptions } from './engine.ts'
export type { QueryLimits } from './limits.ts'
export { readSeries } from './script/notation.ts'
export { runScript } from './test-script.ts'
