import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** So much more than what is in use, in percent, the heap may grow by before V8 looks through it again. */
const GROWING = 40

/**
 * Loading the program leaves more behind than the program itself needs, and V8 lets its heap grow by what it finds in it, to four times as much:
 * from here on it begins small and stays so. Takes about 50 ms.
 */
export function collectGarbage(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING}`)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}
