// npm run reference: writes the generated pages of docs/reference.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { referenceFiles } from './files.ts'

for (const [path, text] of referenceFiles()) {
  const file = join(import.meta.dirname, '../..', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
