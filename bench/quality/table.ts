export type Cell = string | number
export type Row = readonly Cell[]

const shown = (cell: Cell): string => (typeof cell === 'number' ? rounded(cell) : cell)

function rounded(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value)
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** Columns as wide as their widest cell: text to the left, numbers to the right. */
export function printTable(header: readonly string[], rows: readonly Row[]): void {
  const text = [header, ...rows.map((row) => row.map(shown))]
  const widths = header.map((_, i) => Math.max(...text.map((row) => row[i]?.length ?? 0)))
  const lines = text.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))))
  process.stderr.write(`${lines.map((cells) => cells.join('  ').trimEnd()).join('\n')}\n\n`)
}

export function printFigure(figure: Readonly<Record<string, unknown>>): void {
  const short = (_: string, value: unknown): unknown =>
    typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(4)) : value
  process.stdout.write(`${JSON.stringify(figure, short)}\n`)
}
