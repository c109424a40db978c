import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** So much more than what is in use, in percent, the heap may grow by before V8 looks through it again. */
const GROWING = 40
/** Both halves of the young generation grow to so many bytes; V8 would give it four times as much. */
const YOUNG_BYTES = 32 * 2 ** 20

/** Before the program is loaded, of which most stays: room for what is made anew would only be left over. */
export function holdYoungGeneration(): void {
  growYoungBy(1)
}

/**
 * Loading the program leaves more behind than the program itself needs, and V8 lets its heap grow by what it finds in it, to four times as much:
 * from here on it begins small and stays so. Takes about 50 ms.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING}`)
  collector()()
  boundYoungGeneration()
}

/**
 * V8 takes the largest size of its young generation on the command line only, but asks at each collection by how much it may grow. It shrinks by
 * itself where little is made anew, and has to grow again after that.
 */
function boundYoungGeneration(): void {
  let grows = false
  const bound = (): void => {
    const mayGrow = youngBytes() < YOUNG_BYTES
    if (mayGrow === grows) return
    grows = mayGrow
    growYoungBy(grows ? 2 : 1)
  }
  new PerformanceObserver(bound).observe({ entryTypes: ['gc'] })
  bound()
}

function growYoungBy(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`)
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
}

/** Looks through what is young, and only there; takes about a millisecond. */
export function youngCollector(): () => void {
  const collect = collector()
  return () => collect({ type: 'minor' })
}

function collector(): (options?: { readonly type: 'minor' }) => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as ReturnType<typeof collector>
}
