import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** So much more than what is in use, in percent, the heap may grow by before V8 looks through it again. */
const GROWING = 40
/** Both halves of the young generation grow to so many bytes at most; V8 would give it four times as much. */
const YOUNG_BYTES = 32 * 2 ** 20
/** What collecting took is forgotten in this time. */
const LOOK_BACK_MS = 20_000
/** The young generation grows when collecting it has taken so long for each MB that it has; sooner where it is so small that most of it survives. More keeps a thousand rules 5 MB smaller, and costs OTLP/JSON up to a third of its rate. */
const COLLECTING_MS_OF_MB = 4
const SOONER_MS_OF_MB = 1
const SMALL_BYTES = 8 * 2 ** 20

/** Before the program is loaded, of which most stays: room for what is made anew would only be left over. */
export function holdYoungGeneration(): void {
  growYoungBy(1)
  makeAllYoung()
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
 * V8 takes the largest size of its young generation on the command line only, but asks at each collection by how much it may grow. Left alone it
 * doubles with what survives, several times within one turn where a thousand rules are read, and stays so large: here it grows by what
 * collecting takes, as ingest at full speed has it. It shrinks by itself where little is made anew.
 */
function boundYoungGeneration(): void {
  let [looked_ms, collecting_ms, bytes] = [0, 0, youngBytes()]
  let grows = false
  growYoungBy(1)
  new PerformanceObserver((collections) => {
    for (const one of collections.getEntries()) {
      collecting_ms *= Math.exp((looked_ms - one.startTime) / LOOK_BACK_MS)
      looked_ms = one.startTime
      if (isMinor(one)) collecting_ms += one.duration
    }
    const before = bytes
    bytes = youngBytes()
    // What collecting a smaller one took says nothing of this one.
    if (bytes > before) collecting_ms = 0
    const ms_of_mb = bytes < SMALL_BYTES ? SOONER_MS_OF_MB : COLLECTING_MS_OF_MB
    const mayGrow = bytes < YOUNG_BYTES && collecting_ms > (ms_of_mb * bytes) / 2 ** 20
    if (mayGrow === grows) return
    grows = mayGrow
    growYoungBy(grows ? 2 : 1)
  }).observe({ entryTypes: ['gc'] })
}

function isMinor(one: PerformanceEntry & { readonly detail?: unknown }): boolean {
  return (one.detail as { readonly kind: number }).kind === constants.NODE_PERFORMANCE_GC_MINOR
}

/**
 * Where most of what was made at a place survived once, V8 makes it old at birth from then on. While many series are new, or inputs wait for a
 * checkpoint, that is true of what belongs to a request; after that each request leaves something old behind that holds all of it, some 2.5 KB,
 * until the whole heap is looked through: a tenth of what is young was moved each time. CPU time on a quiet machine is the same; the heap grows less, and is looked
 * through as a whole less often.
 */
function makeAllYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
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
