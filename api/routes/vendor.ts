import { fileURLToPath } from 'node:url'

import type { RouteModule } from '../route.ts'
import { fileResponse } from '../server/files.ts'

/** What the page takes from packages: uPlot, which draws its charts. */
const FILES: ReadonlyMap<string, string> = new Map([
  ['/vendor/uPlot.esm.js', import.meta.resolve('uplot/dist/uPlot.esm.js')],
  ['/vendor/uPlot.iife.min.js', import.meta.resolve('uplot/dist/uPlot.iife.min.js')],
  ['/vendor/uPlot.min.css', import.meta.resolve('uplot/dist/uPlot.min.css')],
])

export const vendor: RouteModule = {
  name: 'vendor',
  family: 'plain',
  paths: [...FILES.keys()],
  mount(app) {
    for (const [path, url] of FILES) {
      app.get(path, async (c) => (await fileResponse(c, fileURLToPath(url))) ?? c.notFound())
    }
  },
}
