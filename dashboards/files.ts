import { overview } from './overview.ts'
import { dashboardJson } from './panels.ts'
import { self } from './self.ts'

/** Every dashboard that is shipped: the name of its file in this folder, and its content. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['barograph.json', dashboardJson(self())],
    ['overview.json', dashboardJson(overview())],
  ])
}
