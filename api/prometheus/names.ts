import { success, TRUNCATED } from './envelope.ts'

/** Names or values as the API lists them: each once, sorted, cut at the limit with a warning. */
export function sortedNames(names: Iterable<string>, limit: number): Response {
  const sorted = [...new Set(names)].toSorted()
  return sorted.length > limit ? success(sorted.slice(0, limit), { warnings: [TRUNCATED] }) : success(sorted)
}
