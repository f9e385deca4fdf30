import type { Config } from '#config/config.ts'

/** What every command receives: the configuration, and the one way to answer. */
export type CliContext = {
  /** read when a command asks, so that `--help` needs no project; read anew each time, for `up` settles addresses and the first key */
  config(): Promise<Config>
  /** answer with one JSON document and nothing else */
  readonly json: boolean
  /** a line for a person; silent with `--json` */
  out: (text: string) => void
  /** a line beside the answer, on standard error: progress, hints, warnings */
  note: (text: string) => void
  /** the command's result: `render` for a person, the value itself with `--json` */
  answer: <T>(value: T, render: (value: T) => string) => void
  /** whether a person watches: progress bars are drawn then */
  readonly interactive: boolean
}

/** `json` is settled by the option of the command that runs. */
export function createContext(): CliContext & { json: boolean } {
  const context = {
    json: false,
    interactive: process.stdout.isTTY === true && process.stderr.isTTY === true,
    config: async () => (await import('#config/load.ts')).loadConfig({ cwd: process.cwd(), env: process.env }),
    out: (text: string) => {
      if (!context.json) process.stdout.write(`${text}\n`)
    },
    note: (text: string) => {
      process.stderr.write(`${text}\n`)
    },
    answer: <T>(value: T, render: (value: T) => string) => {
      process.stdout.write(`${context.json ? JSON.stringify(value, null, 2) : render(value)}\n`)
    },
  }
  return context
}
