// THE LIST of forecasters: one line each. `auto` tries every one and keeps what was best on the series' own past.
export { holtWinters } from './forecasters/holt-winters.ts'
export { seasonalNaive } from './forecasters/seasonal-naive.ts'
export { seasonalRegression } from './forecasters/seasonal-regression.ts'
