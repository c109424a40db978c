import { defineConfig } from 'vitest/config'

import { Order } from './tests/suite/order.ts'

// No module holds state of the process, so test files share one; and they load through Node's own type stripping, as production does.
export default defineConfig({
  test: {
    include: [
      '{app,core,collector,query,detectors,alerting,scaling,upstream,api,dashboards,rules,demo,bin,bench,tests}/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**'],
    isolate: false,
    globalSetup: './tests/suite/folder.ts',
    sequence: { sequencer: Order },
    // Usually a core is left to vitest itself, which has nothing to do.
    maxWorkers: '100%',
    // For what hangs only: on a machine that is busy with other things a test of two seconds may take forty.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000, interval: 50 } },
    experimental: { viteModuleRunner: false, nodeLoader: false },
    coverage: {
      include: ['{app,core,collector,query,detectors,alerting,scaling,upstream,api,demo}/**/*.ts'],
      // AssemblyScript.
      exclude: ['**/kernel/**'],
      thresholds: { lines: 90, branches: 85 },
    },
  },
})
