// Heads as earlier formats of the store have them.
import { BLOCK_HEAD, pairAt, wordsOf } from './head-block.ts'

/** How rows were saved. */
export interface SavedRows {
  /** With the pages that are gone: formats of the store before 6. */
  readonly whole: boolean
  /** Blocks hold all times, then column after column: formats before 5. */
  readonly byColumns: boolean
  /** Each float has a block of its own: formats before 7. */
  readonly apart: boolean
}

/** Words of a full head of floats in formats 3 to 6, where each had a block of its own. */
export const OWN_WORDS = wordsOf(32, 1)

/** Puts the samples of a block in pairs that has them by columns. */
export function pairColumns(block: Uint32Array, length: number, of: { columns: number; capacity: number }): void {
  const { columns, capacity } = of
  const before = block.slice()
  for (let i = 0; i < length; i++) {
    const pair = pairAt(i, columns)
    block[pair * 2 + (i & 1)] = before[BLOCK_HEAD * 2 + i]!
    for (let column = 0; column < columns; column++) {
      const from = BLOCK_HEAD + capacity / 2 + capacity * column + i
      const to = pair + 1 + (i & 1) * columns + column
      block[to * 2] = before[from * 2]!
      block[to * 2 + 1] = before[from * 2 + 1]!
    }
  }
}
