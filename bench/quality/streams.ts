import type { Stream } from './stream.ts'
import * as demand from './streams/demand.ts'
import * as machine from './streams/machine.ts'
import * as noise from './streams/noise.ts'

export const STREAMS: readonly Stream[] = [noise, machine, demand].flatMap((kinds): Stream[] => Object.values(kinds))
