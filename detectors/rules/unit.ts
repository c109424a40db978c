import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import { METRIC_NAME } from '#core/series.ts'

/** Of an expression: what the values are, where that can be known. UCUM or ''. */
export function unitOfExpression(expr: string, { plain, selectors }: ExpressionInfo): string {
  const name = selectors[0]?.matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.op === '=')?.value ?? ''
  const keepsUnit =
    plain !== null ||
    /^\s*(?:histogram_quantile|(?:sum|avg|min|max|quantile|topk|bottomk)\b[^/*]*$|(?:avg|min|max|quantile|last)_over_time)/.test(
      expr,
    )
  if (!keepsUnit || /\b(?:rate|increase|irate)\b/.test(expr.replace(/^\s*histogram_quantile.*$/s, ''))) return ''
  return /_seconds(?:_|$)/.test(name) ? 's' : /_bytes(?:_|$)/.test(name) ? 'By' : name.endsWith('_ratio') ? 'ratio' : ''
}
