import { type Document, isPair, isScalar, type Scalar, visit } from 'yaml'

/**
 * Scalars below these keys become the text that was written: a label `version: 1.10` is no number, and `0x60` are sixty points. As YAML reads
 * into a text in Go.
 */
export function keepTexts(document: Document, keys: ReadonlySet<string>): void {
  visit(document, {
    Scalar(at, node: Scalar, path) {
      if (at === 'key' || typeof node.source !== 'string') return
      if (typeof node.value !== 'number' && typeof node.value !== 'bigint' && typeof node.value !== 'boolean') return
      const isText = path.some((above) => isPair(above) && isScalar(above.key) && keys.has(String(above.key.value)))
      if (isText) node.value = node.source
    },
  })
}
