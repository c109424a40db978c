/** Samples of a full head. */
const HEAD_SAMPLES = 32
/** A series begins small: many never get far. Such a block is as large as a sealed piece of floats, which takes its place. */
export const FIRST_SAMPLES = 4
/** Wide rows have shorter heads. */
const WIDE_WORDS = 256
/** The first time a row takes one of so many numbers, so that rows which come together are not sealed together ever after. */
const STAGGER = 14
export const LEAST_SAMPLES = 8

/** The state of a row: samples in the head, samples that it takes, whether they are floats, whether its block has the largest size. */
export const LENGTH = 0xff
export const CAPACITY_SHIFT = 8
export const CAPACITY = 0xff
export const FLOAT = 1 << 16
export const WHOLE = 1 << 17
/** Words of a block before its samples. */
export const BLOCK_HEAD = 2
/** Words of two floats. */
export const FLOAT_PAIR = 3
/** From the time of a float to the one before it, in half words: in the same pair, or in the pair before. */
export const SAME_PAIR = 1
export const PAIR_BEFORE = 2 * FLOAT_PAIR - 1

/** The largest head of a row of so many value columns; even. */
export function fullCapacity(columns: number): number {
  return Math.max(LEAST_SAMPLES, Math.min(HEAD_SAMPLES, Math.floor(WIDE_WORDS / columns / 2) * 2))
}

/** What a row takes behind `capacity`; 0 stands for nothing. */
export function nextCapacity(capacity: number, row: number, columns: number): number {
  if (capacity === 0) return FIRST_SAMPLES
  const full = fullCapacity(columns)
  return capacity === FIRST_SAMPLES ? Math.min(full, FIRST_SAMPLES + 2 + (row % STAGGER) * 2) : full
}

export function wordsOf(capacity: number, columns: number): number {
  return BLOCK_HEAD + (capacity / 2) * pairWords(columns)
}

/** Of two samples: one for their times. */
export function pairWords(columns: number): number {
  return 1 + 2 * columns
}

/** Where the pair of a sample begins, counted from its block. */
export function pairAt(sample: number, columns: number): number {
  return BLOCK_HEAD + (sample >>> 1) * pairWords(columns)
}
