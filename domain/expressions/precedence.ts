/** Infix signs by their operator, with Python's precedence: `&` and `|` bind tighter than comparisons. */
export const infix = {
  Gt: { sign: '>', precedence: 1 },
  Ge: { sign: '>=', precedence: 1 },
  Lt: { sign: '<', precedence: 1 },
  Le: { sign: '<=', precedence: 1 },
  Eq: { sign: '==', precedence: 1 },
  Ne: { sign: '!=', precedence: 1 },
  Or: { sign: '|', precedence: 2 },
  And: { sign: '&', precedence: 3 },
  Add: { sign: '+', precedence: 4 },
  Sub: { sign: '-', precedence: 4 },
  Mul: { sign: '*', precedence: 5 },
  Div: { sign: '/', precedence: 5 },
} as const

export const comparison = 1
/** of `-x`, between `*` and `**` */
export const negation = 6

export const isInfix = (operator: string): operator is keyof typeof infix => Object.hasOwn(infix, operator)

const bySign = new Map(Object.entries(infix).map(([operator, { sign, precedence }]) => [sign as string, { operator, precedence }]))

export const infixOf = (sign: string) => bySign.get(sign)
