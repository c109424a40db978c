import type { Context } from 'hono'

import { type Language, LANGUAGES, type Locale } from '#core/sentences/language.ts'

const isLanguage = (text: string): text is Language => (LANGUAGES as readonly string[]).includes(text)

/** `zh-CN;q=0.9` → language and weight. */
function preference(part: string): { readonly language: string; readonly weight: number } {
  const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim())
  const q = parameters.find((parameter) => parameter.startsWith('q='))
  return { language: tag.split('-')[0]!.toLowerCase(), weight: q === undefined ? 1 : Number(q.slice(2)) }
}

/** How the reader wants sentences: in the language of `?lang=`, else of `Accept-Language`, else as configured; by the clocks of the configured zone. */
export function localeOf(c: Context, { language, zone }: Locale): Locale {
  return { language: languageOf(c, language), zone }
}

function languageOf(c: Context, otherwise: Language): Language {
  const asked = c.req.query('lang') ?? ''
  if (isLanguage(asked)) return asked
  const wanted = (c.req.header('accept-language') ?? '')
    .split(',')
    .map(preference)
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight)
  return wanted.map(({ language }) => language).find(isLanguage) ?? otherwise
}
