// THE LIST of aggregation operators, by family.
export { counting } from './aggregations/counting.ts'
export { extremes } from './aggregations/extremes.ts'
export { limits } from './aggregations/limits.ts'
export { moments } from './aggregations/moments.ts'
export { quantiles } from './aggregations/quantiles.ts'
export { ranking } from './aggregations/ranking.ts'
