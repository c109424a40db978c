import { type Arena, slabOf, wordOf } from './arena.ts'

/** Samples of a full head of floats: so many that the block which it shares is filled. */
const FLOAT_SAMPLES = 34
/** The same of others. */
const HEAD_SAMPLES = 32
/** A series begins small: many never get far. Such a block is as large as a sealed piece of floats, which takes its place. */
export const FIRST_SAMPLES = 4
/** Wide rows have shorter heads. */
const WIDE_WORDS = 256
/** Whole heads of floats share a block, so many of them: see `Lanes`. */
export const LANE_SHIFT = 5
export const LANES = 2 ** LANE_SHIFT
/**
 * The second time a row takes one of so many numbers, so that rows which come together are not sealed together ever after. Those that share a
 * block are: they touch the same lines.
 */
const STAGGER = (FLOAT_SAMPLES - FIRST_SAMPLES) / 2
export const LEAST_SAMPLES = 8

/** The state of a row: samples in the head, samples that it takes, whether they are floats, whether its block has the largest size. */
export const LENGTH = 0xff
export const CAPACITY_SHIFT = 8
export const CAPACITY = 0xff
export const FLOAT = 1 << 16
export const WHOLE = 1 << 17
/** Of a row whose block is a lane. */
const LANE = FLOAT | WHOLE
/** Words of a block before its samples. */
export const BLOCK_HEAD = 2
/** Words of two floats. */
export const FLOAT_PAIR = 3

/** The largest head of a row of so many value columns; even. */
export function fullCapacity(columns: number): number {
  if (columns === 1) return FLOAT_SAMPLES
  return Math.max(LEAST_SAMPLES, Math.min(HEAD_SAMPLES, Math.floor(WIDE_WORDS / columns / 2) * 2))
}

/** How far words of a row's block are apart, as a shift. */
export function spread(state: number): number {
  return (state & LANE) === LANE ? LANE_SHIFT : 0
}

/** What a row takes behind `capacity`; 0 stands for nothing. */
export function nextCapacity(capacity: number, row: number, columns: number): number {
  if (capacity === 0) return FIRST_SAMPLES
  const full = fullCapacity(columns)
  return capacity === FIRST_SAMPLES ? Math.min(full, FIRST_SAMPLES + 2 + ((row >>> LANE_SHIFT) % STAGGER) * 2) : full
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

/** Where a head lies, and how far its words are apart there, as a shift. */
interface HeadPlace {
  readonly address: number
  readonly shift: number
}

/** Copies the first words of a head. Not as doubles: flags and times may look like a NaN, whose bits do not survive. */
export function copyHead({ u32 }: Arena, words: number, from: HeadPlace, to: HeadPlace): void {
  const source = u32[slabOf(from.address)]!
  const target = u32[slabOf(to.address)]!
  const [a, b] = [wordOf(from.address), wordOf(to.address)]
  for (let word = 0; word < words; word++) {
    const read = (a + (word << from.shift)) * 2
    const written = (b + (word << to.shift)) * 2
    target[written] = source[read]!
    target[written + 1] = source[read + 1]!
  }
}
