import type { ResultHistogram } from '#core/ports/query-engine.ts'

import { printHistogram } from '../native/print.ts'
import type { NativeResult } from '../native/result.ts'
import { readHistogram } from './histogram-notation.ts'

/** A native histogram of a result in the notation of tests. */
export const nativeText = (value: ResultHistogram): string => printHistogram((value as NativeResult).native)

/** The notation in its one form, so that two that say the same are the same. Throws an `Error` where it cannot be read. */
export const nativeNotation = (text: string): string => printHistogram(readHistogram(text).histogram)
