const KEPT = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\x60[^\x60]*\x60|#[^\n]*`

/** A number such as `2.` is Go's, not the grammar's. */
const TRAILING_DOT = String.raw`(?<![\w.:])\d+\.(?![\w.])`

/** Functions of the query, in durations and out of them; upstream takes them in any case of letters. */
const QUERY_CALL = String.raw`\b(?:min_of|max_of|step|range|start|end)(?=\s*\()`
const PIECES = new RegExp(`${KEPT}|${TRAILING_DOT}|${QUERY_CALL}|\\boffset\\b[\\s+-]*(?=\\w)|[[\\]]`, 'gi')

/**
 * The source with what the grammar does not know blanked or replaced by what it does, so that offsets stay: `2.`; `STEP()`; `min_of` and
 * `max_of` outside durations, for which a function with a name of the same length stands.
 */
export function forGrammar(source: string): string {
  let brackets = 0
  let afterOffset = -1
  return source.replace(PIECES, (piece: string, at: number) => {
    if (piece === '[') brackets++
    else if (piece === ']') brackets--
    else if (/^offset/i.test(piece)) afterOffset = at + piece.length
    else if (/^\d/.test(piece)) return `${piece.slice(0, -1)} `
    else if (/^(?:min|max)_of$/i.test(piece)) {
      return brackets > 0 || at === afterOffset ? piece.toLowerCase() : 'idelta'
    } else if (/^\w+$/.test(piece)) return piece.toLowerCase()
    return piece
  })
}

const ANY_CASE = new Set(['end', 'max_of', 'min_of', 'range', 'start', 'step'])

/** The name of a function as it was written, which counts but for those above. */
export function functionName(written: string): string {
  const lower = written.toLowerCase()
  return ANY_CASE.has(lower) ? lower : written
}
