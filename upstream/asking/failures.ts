/** Codes of failures that are about what was asked: other queries may succeed. */
export const OF_THE_QUERY: ReadonlySet<string> = new Set(['bad_data', 'execution', 'too_large', 'timeout'])
/** Asking for less may help. */
export const TOO_MUCH: ReadonlySet<string> = new Set(['too_large', 'timeout'])
