import { join } from 'node:path'

export { progressLine } from './progress.ts'
export { tell } from './story.ts'

/** The shop's own rules, beside the package's packs. */
export const SHOP_RULES = join(import.meta.dirname, 'rules')
