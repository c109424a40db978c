import type { Stream } from './stream.ts'
import { clockChange, dayAndWeek, errorRatio, growth, highCounts, lowCounts, replicas } from './streams/demand.ts'
import { counter, disk, nightlyJob, sawtooth } from './streams/machine.ts'
import {
  autoregressive,
  gaussian,
  irregular,
  lognormalLatency,
  paretoLatency,
  quantised,
  randomWalk,
} from './streams/noise.ts'

/** All kinds of streams: a line each. */
export const STREAMS: readonly Stream[] = [
  gaussian,
  autoregressive,
  dayAndWeek,
  lowCounts,
  highCounts,
  lognormalLatency,
  paretoLatency,
  errorRatio,
  quantised,
  replicas,
  randomWalk,
  sawtooth,
  disk,
  counter,
  irregular,
  clockChange,
  nightlyJob,
  growth,
]
