import { defineConfig } from 'vitest/config'

/** Rooms whose tests leave nothing running behind: a worker loads their modules once, and not once a file. */
const selfContained = ['activities', 'contracts', 'db', 'domain', 'inference', 'reports', 'storage'].map(
  (room) => `tests/${room}/**/*.test.ts`,
)
const notThese = ['tests/e2e/**', 'node_modules/**']

export default defineConfig({
  test: {
    globalSetup: ['tests/support/global-setup.ts'],
    setupFiles: ['tests/support/property-seed.ts'],
    passWithNoTests: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: { name: 'a process a file', include: ['tests/**/*.test.ts'], exclude: [...selfContained, ...notThese] },
      },
      { extends: true, test: { name: 'self-contained', include: selfContained, exclude: notThese, isolate: false } },
    ],
  },
})
