import { join, normalize } from 'node:path'

import type { RouteModule } from '../route.ts'
import { fileResponse } from '../server/files.ts'

/** A path inside the folder, hidden files left out; undefined for anything that would leave it. */
function insidePath(path: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return undefined
  }
  const inside = normalize(decoded.endsWith('/') ? `${decoded}index.html` : decoded)
  const hidden = inside.split(/[/\\]/).some((part) => part.startsWith('.'))
  return hidden || inside.includes('\0') ? undefined : inside
}

/** The page: whatever static file the console's folder has under the path. */
export const console: RouteModule = {
  name: 'console',
  family: 'plain',
  paths: [],
  mount() {
    // Its paths are files, which may come and go: see `fallback`.
  },
  async fallback(c, api) {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return undefined
    const path = insidePath(c.req.path)
    return path === undefined ? undefined : fileResponse(c, join(api.console_dir, path))
  },
}
