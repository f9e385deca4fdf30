import type { z } from 'zod'

export type Issue = { path: (string | number)[]; message: string }

type Raised = z.core.$ZodIssue

/**
 * What a schema found, each fault with its path. Of a union that nothing fitted, the branch is told that came furthest:
 * it is the one that was meant.
 */
export function issuesOf({ issues }: { issues: readonly Raised[] }, above: Issue['path'] = []): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const path = [...above, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))]
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...path, key], message: 'unknown field' }))
    if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? issue.message }]
    if (issue.code !== 'invalid_union') return [{ path, message: issue.message }]
    const branches = issue.errors.map((branch) => issuesOf({ issues: branch }, path))
    const furthest = branches.toSorted((a, b) => depthOf(b) - depthOf(a))[0]
    return furthest === undefined || depthOf(furthest) === path.length ? [{ path, message: wordsOf(branches) ?? issue.message }] : furthest
  })
}

const depthOf = (issues: readonly Issue[]) => Math.max(0, ...issues.map(({ path }) => path.length))

const wordsOf = (branches: readonly Issue[][]) => {
  const said = [...new Set(branches.flatMap((branch) => branch.map(({ message }) => message)))]
  return said.length === 0 ? undefined : said.join(', or ')
}
