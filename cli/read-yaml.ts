import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { QuantloopError } from '#contracts/errors.ts'

/** What a YAML or JSON file holds; an empty or scalar one counts as an empty section. @throws QuantloopError invalid_request */
export async function readYaml(path: string): Promise<Record<string, unknown>> {
  try {
    return section(parse(await readFile(path, 'utf8')))
  } catch (error) {
    throw new QuantloopError(
      'invalid_request',
      `cannot read ${path}: ${error instanceof Error ? error.message : error}`,
      { file: path },
      { cause: error },
    )
  }
}

export const section = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? { ...value } : {})
