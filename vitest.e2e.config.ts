import { defineConfig } from 'vitest/config'

/** The real stack with real process kills, one file after the other: they share the machine's cores. */
export default defineConfig({
  test: {
    include: ['tests/e2e/**/*.test.ts'],
    passWithNoTests: false,
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
