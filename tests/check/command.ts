import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url))

export type CommandOutcome = { status: number; stdout: string; stderr: string }

/** Some tools colour their words whenever CI is set, whatever NO_COLOR says. */
const plain = stripVTControlCharacters

/** Runs a program to its end and never throws for its exit status; a program that cannot be started does throw. */
export function runCommand(program: string, args: string[], options: { cwd: string }): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: options.cwd, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(new Error(`${program} could not be run: ${error.message}`))
      else resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout: plain(stdout), stderr: plain(stderr) })
    })
  })
}

/** A program from node_modules, run by this Node in the folder `root`. */
export const runTool = (script: string, args: string[], root: string): Promise<CommandOutcome> =>
  runCommand(process.execPath, [join(projectRoot, 'node_modules', script), ...args], { cwd: root })
