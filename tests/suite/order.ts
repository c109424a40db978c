import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Folders whose tests start processes, and wait for them more than they compute. */
const WAITING = ['/tests/interop/', '/tests/acceptance/']

/** Where a file stands: those that wait come first, and wait side by side; at the end there is work for every core. */
function placeOf({ moduleId }: TestSpecification): number {
  const at = WAITING.findIndex((folder) => moduleId.includes(folder))
  return at === -1 ? WAITING.length : at
}

/** The order in which files begin. */
export class Order extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- not that of an array
    const usual = await super.sort(files)
    return usual.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}
