import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, type Logger } from '@temporalio/worker'

const root = fileURLToPath(new URL('..', import.meta.url))
/** The rooms that workflow code may import at run time, and the lock that fixes the SDK inside the bundle. */
const sources = ['workflows', 'contracts', 'domain', 'package-lock.json']

/**
 * The workflows as one file, built once for one state of the sources: a worker that finds it starts without webpack.
 * Set-up calls this ahead, workers when something changed since.
 */
export async function workflowBundle(cacheDir: string, logger?: Logger): Promise<{ codePath: string }> {
  const codePath = join(cacheDir, `workflows-${await sourcesHash()}.cjs`)
  if (
    await stat(codePath).then(
      () => true,
      () => false,
    )
  )
    return { codePath }
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'workflows/index.ts'),
    ...(logger === undefined ? {} : { logger }),
  })
  await mkdir(dirname(codePath), { recursive: true })
  // renamed into place, so that a second process never reads half a file
  const unfinished = `${codePath}.${process.pid}`
  await writeFile(unfinished, code)
  await rename(unfinished, codePath)
  return { codePath }
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const path of (await Promise.all(sources.map(filesUnder))).flat().sort()) {
    hash.update(`${relative(root, path)}\0`)
    hash.update(await readFile(path))
  }
  return hash.digest('hex').slice(0, 32)
}

async function filesUnder(name: string): Promise<string[]> {
  const path = join(root, name)
  if (!(await stat(path)).isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name))
}
