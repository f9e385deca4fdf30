#!/usr/bin/env node
// Plain JavaScript, so that it can say what is missing before anything is installed.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)

if (!existsSync(new URL('node_modules/tsx/package.json', root))) {
  console.error(`quantloop: its packages are not installed; run \`npm run setup\` in ${fileURLToPath(root)}`)
  process.exit(1)
}

const { register } = await import('tsx/esm/api')
register()
const { main } = await import(new URL('cli/main.ts', root).href)
await main(process.argv)
