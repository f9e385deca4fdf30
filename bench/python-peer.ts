import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A peer in its own locked environment (bench/peers/NAME): one process that answers one JSON line for each it is sent. */
export class PythonPeer {
  private readonly child: ChildProcess
  private readonly answers: AsyncIterator<string>
  private readonly lines: Interface

  constructor(name: string, script: string) {
    const python = `${root}.quantloop/peers/${name}/bin/python`
    if (!existsSync(python)) throw new Error(`the peer ${name} is not installed: run \`node setup.mjs --bench\``)
    this.child = spawn(python, [`${root}bench/peers/${name}/${script}`], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.lines = createInterface({ input: this.child.stdout! })
    this.answers = this.lines[Symbol.asyncIterator]()
  }

  async ask<Answer>(question: unknown): Promise<Answer> {
    this.child.stdin!.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await this.answers.next()
    if (done === true) throw new Error('the peer ended before it answered')
    return JSON.parse(value) as Answer
  }

  /** Ends the process by ending its input, and waits for it. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    if (this.child.exitCode !== null) return
    this.child.stdin!.end()
    await ended
    this.lines.close()
  }
}
