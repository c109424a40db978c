// npm run dashboards: writes the dashboards into this folder.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { dashboardFiles } from './files.ts'

for (const [name, json] of dashboardFiles()) writeFileSync(join(import.meta.dirname, name), json)
