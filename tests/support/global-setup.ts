import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServices } from '#stack/start-services.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))

/** Real servers for the whole run, unless QUANTLOOP_TEST_SERVICES names some. The tests' processes inherit the name. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.QUANTLOOP_TEST_SERVICES) return undefined
  const python = process.env.QUANTLOOP_PYTHON ?? join(project, '.quantloop/python/bin/python')
  if (!existsSync(python)) throw new Error(`no Python environment at ${python}: run \`node setup.mjs --dev\``)
  const services = await startServices({ stateDir: join(project, '.quantloop/test-services'), python })
  process.env.QUANTLOOP_TEST_SERVICES = JSON.stringify(services.addresses)
  return () => services.stop()
}
