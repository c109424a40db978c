import { BODY_MAX } from '#core/signal.ts'

/** What varies from line to line and is known by its form, strongest first. Linear patterns only: lines come from outside. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b/g, '<uuid>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b/g, '<ip>'],
  [/\b0x[0-9a-fA-F]{1,64}\b/g, '<hex>'],
  [/\b(?=[0-9a-fA-F]{0,15}\d)[0-9a-fA-F]{16,64}\b/g, '<hex>'],
  [/"[^"]{0,256}"/g, '<text>'],
  [/(?<![A-Za-z0-9_])[-+]?\d{1,20}(?:\.\d{1,20})?(?:[a-zA-Z%]{1,3})?(?![A-Za-z0-9_])/g, '<num>'],
]

/** Chinese and Japanese have no spaces between words: what is not theirs is parted from them, or one id would mask all of a sentence. */
const UNSPACED = /[\u3000-\u30FF\u3400-\u9FFF\uF900-\uFAFF\uFF00-\uFFEF]+/g

const TOKENS_MAX = 128

/** The tokens of a line: values masked, split at white space and around Chinese and Japanese, `a=1` split behind the sign, runs of wildcards one. */
export function tokensOf(line: string): string[] {
  let text = line.slice(0, BODY_MAX).split('\n', 1)[0]!
  for (const [pattern, name] of MASKS) text = text.replace(pattern, name)
  text = text.replaceAll(UNSPACED, ' $& ')
  const tokens: string[] = []
  for (const token of text.replaceAll(/=(?=\S)/g, '= ').split(/\s+/)) {
    if (token === '' || tokens.length === TOKENS_MAX) continue
    const wild = /\d/.test(token) ? '<*>' : token
    if (wild.startsWith('<') && wild === tokens.at(-1)) continue
    tokens.push(wild)
  }
  return tokens.length === 0 ? ['<empty>'] : tokens
}
