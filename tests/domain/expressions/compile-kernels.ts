/** Compiles domain/expressions/kernels/assembly/. Run as a script, it writes what it made into kernels/compiled.ts. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const kernels = fileURLToPath(new URL('../../../domain/expressions/kernels/', import.meta.url))

const options = [
  '--optimizeLevel=3',
  '--shrinkLevel=0',
  '--noAssert',
  '--runtime=stub',
  '--enable=simd,threads',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory=1',
  '--maximumMemory=65536',
]

/** The module as base64. */
export async function compileKernels(): Promise<string> {
  const out: Uint8Array[] = []
  const stderr: string[] = []
  const { error } = await main(['index.ts', `--baseDir=${kernels}assembly`, '--outFile=compiled.wasm', ...options], {
    writeFile: (_name, contents) => void out.push(contents as Uint8Array),
    stderr: { write: (text) => void stderr.push(String(text)) },
  })
  if (error !== null) throw new Error(`the kernels do not compile: ${stderr.join('')}`)
  return Buffer.from(out[0]!).toString('base64')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const compiled = await compileKernels()
  const text = `/** Made by tests/domain/expressions/compile-kernels.ts from assembly/: do not edit. */\nexport const compiledKernels =\n  '${compiled}'\n`
  await writeFile(`${kernels}compiled.ts`, text)
}
