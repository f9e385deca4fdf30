import { DomainError } from '../domain-error.ts'

/** An expression that cannot be read or used, with a mark under the character at fault. `position` counts from 1. */
export class ExpressionError extends DomainError {
  override readonly name: string = 'ExpressionError'

  constructor(text: string, at: number, problem: string) {
    super('expression_invalid', `${problem} (character ${at + 1})\n${excerpt(text, at)}`, { expression: beginning(text), position: at + 1 })
  }
}

const width = 60
/** A person has the text; a log and a problem's body need not hold all of it. */
const told = 2000

const beginning = (text: string): string => (text.length > told ? `${text.slice(0, told)}…` : text)

function excerpt(text: string, at: number): string {
  const from = Math.max(0, Math.min(at - width / 2, text.length - width))
  const shown = text.slice(from, from + width).replaceAll(/\s/g, ' ')
  return `  ${shown}\n  ${' '.repeat(Math.max(0, at - from))}^`
}
