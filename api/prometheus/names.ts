import type { Api } from '../route.ts'
import { listPieces, successPieces, TRUNCATED } from './envelope.ts'

/** Names or values as the API lists them, sorted and each once already: cut at the limit with a warning, many of them in turns with others. */
export function namesAnswer({ deliveries }: Api, names: readonly string[], limit: number): Response {
  const isCut = names.length > limit
  const shown = isCut ? names.slice(0, limit) : names
  const notes = isCut ? { warnings: [TRUNCATED] } : {}
  return deliveries.send({
    points: shown.length,
    series: 0,
    pieces: (json) => successPieces(json, listPieces(json, shown, notes)),
  })
}
