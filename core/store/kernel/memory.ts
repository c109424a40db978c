/** Samples that a piece may have. */
export const MOST: i32 = 4096

/** Where things lie in the memory, in bytes. Whole numbers of a scale, and codes of their differences: `MOST` of each. */
export const WHOLE: usize = 0x1000
export const FIRST: usize = 0xa000
export const SECOND: usize = 0x13000
/** A buffer for samples: flags, times, columns of `DESK_SAMPLES` each. */
export const DESK_FLAGS: usize = 0x1c000
export const DESK: usize = 0x20000
export const DESK_SAMPLES: i32 = 128
export const DESK_COLUMNS: i32 = 160
/** Where samples of others are laid. */
export const FLAGS: usize = 0x1d000
export const INPUT: usize = 0x48000
/** What is written, and how many bytes there is room for; there are as many at `INPUT`. */
export const OUTPUT: usize = 0x78000
export const ROOM: i32 = 0x30000
