/** `npm run bench -- NAME [--json FILE]`: runs bench/NAME.ts. Exits 1 when a goal is missed or answers differ, 2 on wrong use. */
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Benchmark, Measurement } from './measurement.ts'
import { tableOf } from './table.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** Files that export a benchmark; the others are what these stand on. */
const foundation = new Set(['run', 'measurement', 'python-peer', 'table'])
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !foundation.has(name))

class WrongUse extends Error {}

function readArguments(args: string[]): { name: string; json: string | undefined } {
  const usage = `usage: npm run bench -- NAME [--json FILE]\nbenchmarks: ${names.join(', ')}`
  try {
    const { values, positionals } = parseArgs({ args, options: { json: { type: 'string' } }, allowPositionals: true })
    const [name, ...more] = positionals
    if (name === undefined || more.length > 0) throw new WrongUse(usage)
    if (!names.includes(name)) throw new WrongUse(`there is no benchmark ${name}\n${usage}`)
    return { name, json: values.json }
  } catch (error) {
    throw error instanceof WrongUse ? error : new WrongUse(`${(error as Error).message}\n${usage}`)
  }
}

async function main(args: string[]): Promise<number> {
  const { name, json } = readArguments(args)
  const { benchmark } = (await import(`./${name}.ts`)) as { benchmark: Benchmark }
  const measured: Measurement[] = await benchmark()
  if (measured.length === 0) throw new Error(`the benchmark ${name} measured nothing`)
  process.stdout.write(tableOf(measured))
  if (json !== undefined) await writeFile(json, `${JSON.stringify(measured, null, 2)}\n`)
  return measured.every(({ met }) => met) ? 0 : 1
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof WrongUse ? error.message : String((error as Error).stack)}\n`)
  process.exitCode = error instanceof WrongUse ? 2 : 1
}
