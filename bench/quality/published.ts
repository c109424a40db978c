// What others published, as rows of the tables.
import type { Row } from './table.ts'

/** NAB's own table and the leaders since, each at the threshold that is best on the corpus: standard, low FP, low FN. */
export const NAB_PUBLISHED: readonly Row[] = [
  ['ARTime', 74.9, 65.1, 80.4],
  ['Numenta HTM', 70.1, 63.1, 74.3],
  ['CAD OSE', 69.9, 67, 73.2],
  ['earthgecko Skyline', 58.2, 46.2, 63.9],
  ['KNN CAD', 58, 43.4, 64.8],
  ['Relative Entropy', 54.6, 47.6, 58.8],
  ['Random Cut Forest', 51.7, 38.4, 59.7],
  ['Twitter ADVec', 47.1, 33.6, 53.5],
  ['Windowed Gaussian', 39.6, 20.9, 47.4],
  ['Random', 11, 1.2, 19.5],
]

/** OpenSearch's comparison: windows found, of, wrong detections. */
export const OPENSEARCH_PUBLISHED: readonly Row[] = [
  ['OpenSearch 2.17', 7, 8, 6],
  ['OpenSearch 2.9', 6, 8, 106],
]

/** Delay-7 F1. The first four on all of WSD; the others on the data of the KPI challenge. */
export const KPI_PUBLISHED: readonly Row[] = [
  ['all of WSD: seasonal residual, best threshold', 0.517],
  ['all of WSD: EWMA z, best threshold', 0.475],
  ['all of WSD: FluxEV', 0.438],
  ['all of WSD: best baseline without labels', 0.419],
  ['KPI challenge: FluxEV', 0.79],
  ['KPI challenge: SR-CNN', 0.771],
  ['KPI challenge: DONUT', 0.729],
  ['KPI challenge: SR', 0.654],
  ['KPI challenge: DSPOT', 0.488],
  ['KPI challenge: SPOT', 0.181],
]

/** Alarms against a budget of two a week over mixed streams, measured by us with others' detectors. */
export const CALIBRATION_PUBLISHED: readonly Row[] = [
  ['off the shelf, from', 0.5],
  ['off the shelf, to', 18],
  ['seasonal with a GPD tail', 3],
]

/** Faults found and precision at that budget, measured by us. */
export const FAULTS_PUBLISHED: readonly Row[] = [
  ['seasonal with a GPD tail, faults kept out of learning', 0.75, 0.38],
  ['the same, faults learned', 0.51, '-'],
]
