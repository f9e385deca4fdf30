/** Cuts an expression into tokens. Numbers, names and `$columns` are spelt as in Qlib's (Python's) expressions. */
import { ExpressionError } from './expression-error.ts'

export type Token =
  | { kind: 'number'; value: number; at: number }
  | { kind: 'name'; text: string; at: number }
  | { kind: 'column'; text: string; at: number }
  | { kind: 'sign'; text: string; at: number }
  | { kind: 'end'; at: number }

const patterns = [
  { kind: 'space', pattern: /\s+/y },
  { kind: 'number', pattern: /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.$])/y },
  { kind: 'name', pattern: /[A-Za-z_]\w*/y },
  { kind: 'column', pattern: /\$[A-Za-z_]\w*/y },
  { kind: 'sign', pattern: /\*\*|<=|>=|==|!=|[-+*/()<>&|,]/y },
] as const

/** @throws ExpressionError at the first character that begins no token, or at a number out of float64's range */
export function tokenise(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const found = match(text, at)
    if (found === undefined) throw new ExpressionError(text, at, `cannot read ${JSON.stringify(text.slice(at, at + 10))}`)
    if (found.kind === 'number') {
      const value = Number(found.text)
      if (!Number.isFinite(value)) throw new ExpressionError(text, at, `the number ${found.text} is out of range`)
      tokens.push({ kind: 'number', value, at })
    } else if (found.kind === 'column') tokens.push({ kind: 'column', text: found.text.slice(1), at })
    else if (found.kind !== 'space') tokens.push({ kind: found.kind, text: found.text, at })
    at += found.text.length
  }
  tokens.push({ kind: 'end', at })
  return tokens
}

function match(text: string, at: number) {
  for (const { kind, pattern } of patterns) {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) return { kind, text: found }
  }
  return undefined
}
