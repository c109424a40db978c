import { type Level, LEVELS } from '#core/signal.ts'

/** Severity numbers come in sixes of four: 1–4 trace … 21–24 fatal. */
const PER_LEVEL = 4

/** Words, and the letters that stand for them in short. */
const WORDS: readonly (readonly [RegExp, Level])[] = [
  [/^(fatal|crit|emerg|alert|d?panic|f$)/i, 'fatal'],
  [/^(err|severe|e$)/i, 'error'],
  [/^warn|^w$/i, 'warn'],
  [/^(info|notice|i$)/i, 'info'],
  [/^(debug|dbg|fine$|verbose|d$)/i, 'debug'],
  [/^(trace|finest|finer)/i, 'trace'],
]

/** As pino and bunyan number them: tens from 10, trace, to 60, fatal. */
const TENS = /^[1-6]0$/

/**
 * A level as lines show it: a word in capitals, one in brackets, one with a colon before all else, or the letter and date that klog
 * begins with.
 */
const SHOWN: readonly RegExp[] = [
  /\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|SEVERE|CRIT|CRITICAL|ALERT|EMERG|FATAL|PANIC)\b/,
  /\[(trace|debug|info|notice|warn|warning|err|error|crit|alert|emerg|fatal)\]/i,
  /^(panic|fatal|fatal error|error|warning):/i,
  /^([IWEF])\d{4} \d\d:\d\d:\d\d/,
]
/** Further behind, a word is part of what is said. */
const HEAD = 100

/** Undefined where the word is none that is known. */
export function levelOfWord(word: string): Level | undefined {
  const text = word.trim()
  if (TENS.test(text)) return LEVELS[Number(text) / 10 - 1]
  return WORDS.find(([pattern]) => pattern.test(text))?.[1]
}

/** Undefined where neither number nor text say. */
export function levelOfSeverity(severity: number, text: string): Level | undefined {
  return LEVELS[Math.ceil(severity / PER_LEVEL) - 1] ?? (text === '' ? undefined : levelOfWord(text))
}

/** Of a plain line, for those who send it as it was found in a file; undefined where it shows none. */
export function levelShown(line: string): Level | undefined {
  const head = line.slice(0, HEAD)
  for (const pattern of SHOWN) {
    const word = pattern.exec(head)?.[1]
    if (word !== undefined) return levelOfWord(word)
  }
  return undefined
}
