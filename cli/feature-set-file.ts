/** A feature set in YAML or JSON, read so that whatever is wrong with it is told with its line. */
import { readFile } from 'node:fs/promises'
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { QuantloopError } from '#contracts/errors.ts'
import { FeatureSetFile, listFeatures } from '#contracts/feature-sets.ts'
import { type Issue, issuesOf } from '#contracts/validation-issues.ts'

export type ReadSet = {
  set: FeatureSetFile
  /** the error of whoever read an expression, with the line of its feature */
  placed: (error: unknown) => unknown
}

/** @throws QuantloopError invalid_request, with file and line */
export async function readFeatureSetFile(path: string): Promise<ReadSet> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new QuantloopError('invalid_request', `cannot read ${path}: ${String(cause)}`, { file: path }, { cause })
  })
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (at: number) => lines.linePos(at).line
  const [fault] = document.errors
  if (fault !== undefined)
    throw refused(path, lineAt(fault.pos[0]), fault.code === 'DUPLICATE_KEY' ? twice(text.slice(fault.pos[0])) : fault.message)
  const read = FeatureSetFile.safeParse(document.toJS())
  if (!read.success) {
    const issues = issuesOf(read.error)
    const told = issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; ')
    throw refused(path, lineAt(offsetOf(document, issues[0]!.path)), told)
  }
  const { features, ...rest } = read.data
  return {
    // a list, for the order of a mapping is not everybody's
    set: { ...rest, features: listFeatures(features) },
    placed: (error) => {
      if (!(error instanceof QuantloopError) || typeof error.place.feature !== 'string') return error
      const offset = offsetOfFeature(document, error.place.feature)
      if (offset === undefined) return error
      const line = lineAt(offset)
      return new QuantloopError(error.code, `${path}:${line}: ${error.message}`, { file: path, line, ...error.place }, { cause: error })
    },
  }
}

const refused = (file: string, line: number, problem: string) =>
  new QuantloopError('invalid_request', `${file}:${line}: ${problem}`, { file, line })

const twice = (from: string) => `${JSON.stringify(/^[^\s:]*/.exec(from)![0])} stands there twice`

/** Where a path leads to, or the deepest part of it that is there; for a field of a mapping, its key. */
function offsetOf({ contents }: Document, path: Issue['path']): number {
  let node: unknown = contents
  let offset = startOf(node) ?? 0
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part)
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(part)]
      offset = startOf(node) ?? offset
    } else break
  }
  return offset
}

/** The last place that defines the feature: of two that share a name, the one at fault. */
function offsetOfFeature(document: Document, name: string): number | undefined {
  const features = isMap(document.contents) ? document.contents.get('features', true) : undefined
  if (isMap(features)) return offsetOf(document, ['features', name])
  if (!isSeq(features)) return undefined
  return startOf(features.items.findLast((item) => isMap(item) && item.get('name') === name))
}

const startOf = (node: unknown): number | undefined => (node as { range?: [number, number, number] } | null | undefined)?.range?.[0]
