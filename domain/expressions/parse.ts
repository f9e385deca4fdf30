/**
 * The parser of Qlib's expression language: `Mean($close,5)/$close`, `If($close>Ref($close,1),1,0)`, `$open**2`.
 *
 * Grammar and precedence are Python's, as Qlib evaluates its expressions there. Signs and their operators are one:
 * `Sub($high,$low)` and `$high-$low` give the same tree. Arithmetic between two numbers is done at once, in float64.
 * Chained comparisons (`a<b<c`) are refused, because Python reads them as `a<b and b<c`, which Qlib cannot evaluate.
 */
import { divisorAlwaysZero } from './always-zero.ts'
import type { CallNode, Expression } from './expression.ts'
import { ExpressionError } from './expression-error.ts'
import { assertCall } from './operators.ts'
import { comparison, infixOf, isInfix, negation } from './precedence.ts'
import { type Token, tokenise } from './tokens.ts'

/** Deeper nesting is a mistake or an attack; real expressions stay under ten. */
export const deepest = 100

/** In characters. Below it no walk over a tree can run out of stack, however the tree was written. */
export const longest = 2000

/** @throws ExpressionError pointing at the character at fault */
export function parse(text: string): Expression {
  const parser = new Parser(text)
  const expression = parser.comparison()
  parser.expectEnd()
  if (text.length > longest) throw new ExpressionError(text, longest, `an expression has at most ${longest} characters, not ${text.length}`)
  const divisor = divisorAlwaysZero(expression)
  if (divisor !== undefined) throw new ExpressionError(text, divisor.at, 'division by zero: this is zero on every row')
  return expression
}

class Parser {
  private readonly text: string
  private readonly tokens: Token[]
  private position = 0
  private depth = 0

  constructor(text: string) {
    this.text = text
    this.tokens = tokenise(text)
  }

  comparison(): Expression {
    const left = this.binary(comparison + 1)
    const found = this.infixAt(comparison)
    if (found === undefined) return left
    const whole = this.join(found.operator, this.take().at, left, this.binary(comparison + 1))
    if (this.infixAt(comparison)) this.fail('comparisons do not chain: join two of them with & and parentheses')
    return whole
  }

  expectEnd(): void {
    if (this.peek().kind !== 'end') this.fail(`expected the end, found ${describe(this.peek())}`)
  }

  private binary(weakest: number): Expression {
    let left = this.unary()
    for (let found = this.infixAt(weakest); found !== undefined; found = this.infixAt(weakest)) {
      const { at } = this.take()
      left = this.join(found.operator, at, left, this.binary(found.precedence + 1))
    }
    return left
  }

  private unary(): Expression {
    const token = this.peek()
    if (token.kind !== 'sign' || (token.text !== '-' && token.text !== '+')) return this.power()
    this.take()
    const operand = this.nested(() => this.unary())
    if (token.text === '+') return operand
    if (operand.kind === 'number') return { ...operand, value: operand.value === 0 ? 0 : -operand.value, at: token.at }
    return this.join('Mul', token.at, { kind: 'number', value: -1, at: token.at }, operand)
  }

  private power(): Expression {
    const base = this.primary()
    const token = this.peek()
    if (token.kind !== 'sign' || token.text !== '**') return base
    this.take()
    // ** groups to the right and takes a sign on its right: 2**-1
    return this.join(
      'Power',
      token.at,
      base,
      this.nested(() => this.unary()),
    )
  }

  private primary(): Expression {
    const token = this.take()
    switch (token.kind) {
      case 'number':
        return { kind: 'number', value: token.value, at: token.at }
      case 'column':
        return { kind: 'column', name: token.text, at: token.at }
      case 'name':
        return this.call(token.text, token.at)
      case 'sign': {
        if (token.text !== '(') break
        const inner = this.nested(() => this.comparison())
        this.expect(')', token.at)
        return inner
      }
      case 'end':
        break
      default:
        token satisfies never
    }
    this.position--
    return this.fail(`expected a number, a $column or an operator, found ${describe(token)}`)
  }

  private call(operator: string, at: number): Expression {
    if (!this.isSign('(')) this.fail(`expected ( after ${operator}; a column is written $${operator}`)
    const opened = this.take().at
    const operands: Expression[] = []
    while (!this.isSign(')')) {
      if (operands.length > 0) this.expect(',', opened)
      operands.push(this.nested(() => this.comparison()))
    }
    this.take()
    const [left, right, ...more] = operands
    const joins = isInfix(operator) || operator === 'Power'
    if (joins && left !== undefined && right !== undefined && more.length === 0) return this.join(operator, at, left, right)
    return this.checked({ kind: 'call', operator, arguments: operands, at })
  }

  private join(operator: string, at: number, left: Expression, right: Expression): Expression {
    if (operator === 'Div' && right.kind === 'number' && right.value === 0) this.failAt(right.at, 'division by zero')
    if (left.kind === 'number' && right.kind === 'number') {
      const value = fold(operator, left.value, right.value)
      if (value === undefined || !Number.isFinite(value)) this.failAt(at, 'this has no finite value, or compares two numbers')
      else return { kind: 'number', value, at: left.at }
    }
    return this.checked({ kind: 'call', operator, arguments: [left, right], at })
  }

  private checked(call: CallNode): CallNode {
    assertCall(call, (at, problem) => this.failAt(at, problem))
    return call
  }

  private nested<T>(inner: () => T): T {
    if (++this.depth > deepest) this.fail(`nested deeper than ${deepest}`)
    const result = inner()
    this.depth--
    return result
  }

  private infixAt(weakest: number) {
    const token = this.peek()
    const found = token.kind === 'sign' ? infixOf(token.text) : undefined
    return found !== undefined && found.precedence >= weakest && found.precedence < negation ? found : undefined
  }

  private expect(sign: string, opened: number): void {
    if (!this.isSign(sign)) this.fail(`expected ${sign} for the ( at character ${opened + 1}, found ${describe(this.peek())}`)
    this.take()
  }

  private isSign(sign: string): boolean {
    const token = this.peek()
    return token.kind === 'sign' && token.text === sign
  }

  private peek(): Token {
    return this.tokens[this.position]!
  }

  private take(): Token {
    return this.tokens[this.position++]!
  }

  private fail(problem: string): never {
    return this.failAt(this.peek().at, problem)
  }

  private failAt(at: number, problem: string): never {
    throw new ExpressionError(this.text, at, problem)
  }
}

function fold(operator: string, left: number, right: number): number | undefined {
  switch (operator) {
    case 'Add':
      return left + right
    case 'Sub':
      return left - right
    case 'Mul':
      return left * right
    case 'Div':
      return left / right
    case 'Power':
      return left ** right
    default:
      return undefined
  }
}

function describe(token: Token): string {
  switch (token.kind) {
    case 'number':
      return String(token.value)
    case 'column':
      return `$${token.text}`
    case 'name':
    case 'sign':
      return token.text
    case 'end':
      return 'the end'
    default:
      return token satisfies never
  }
}
