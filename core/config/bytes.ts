import { z } from 'zod'

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

/** `64MiB`, `1.5GB`, `4096` in bytes; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?) ?([KMGT]?i?B?)$/.exec(text)
  const factor = parts === null ? undefined : FACTORS[parts[2]!]
  return factor === undefined ? undefined : Math.round(Number(parts![1]) * factor)
}

/** A size in a file, read as bytes. */
export const bytes = z
  .union([z.string(), z.number()], 'a size, like 64MiB or 2GB')
  .transform((text, context): number => {
    const size = parseBytes(String(text))
    if (size !== undefined) return size
    context.addIssue({ code: 'custom', message: `not a size: ${JSON.stringify(text)}; write it like 64MiB or 2GB` })
    return z.NEVER
  })
