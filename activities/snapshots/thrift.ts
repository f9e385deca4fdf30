/** Structs in Thrift's compact protocol, as far as Parquet's page headers and footers need it. Source: Apache Thrift's specification of it. */

/** Fields by ascending id, at most 15 apart. Integers are not negative, and below 2^52. */
export type Struct = readonly Field[]
type Field = readonly [id: number, ...Value]
type Value =
  | readonly [kind: 'bool', value: boolean]
  | readonly [kind: 'i32' | 'i64', value: number]
  | readonly [kind: 'text', value: string]
  | readonly [kind: 'struct', value: Struct]
  | readonly [kind: 'i32s', value: readonly number[]]
  | readonly [kind: 'texts', value: readonly string[]]
  | readonly [kind: 'structs', value: readonly Struct[]]

const wire = { true: 1, false: 2, i32: 5, i64: 6, text: 8, list: 9, struct: 12 } as const
/** Longer lists tell their length in a number of its own. */
const longList = 15

export function structBytes(struct: Struct): Buffer {
  const bytes: number[] = []
  writeStruct(bytes, struct)
  return Buffer.from(bytes)
}

function writeStruct(bytes: number[], struct: Struct): void {
  let before = 0
  for (const [id, ...value] of struct) {
    bytes.push(((id - before) << 4) | wireTypeOf(value))
    before = id
    writeValue(bytes, value)
  }
  bytes.push(0)
}

function wireTypeOf([kind, value]: Value): number {
  switch (kind) {
    case 'bool':
      return value ? wire.true : wire.false
    case 'i32s':
    case 'texts':
    case 'structs':
      return wire.list
    case 'i32':
    case 'i64':
    case 'text':
    case 'struct':
      return wire[kind]
    default:
      return kind satisfies never
  }
}

function writeValue(bytes: number[], [kind, value]: Value): void {
  switch (kind) {
    case 'bool':
      return
    case 'i32':
    case 'i64':
      return writeInteger(bytes, value)
    case 'text':
      return writeText(bytes, value)
    case 'struct':
      return writeStruct(bytes, value)
    case 'i32s':
      return writeList(bytes, wire.i32, value, writeInteger)
    case 'texts':
      return writeList(bytes, wire.text, value, writeText)
    case 'structs':
      return writeList(bytes, wire.struct, value, writeStruct)
    default:
      return kind satisfies never
  }
}

function writeList<T>(bytes: number[], type: number, items: readonly T[], write: (bytes: number[], item: T) => void): void {
  if (items.length < longList) bytes.push((items.length << 4) | type)
  else {
    bytes.push((longList << 4) | type)
    writeVarint(bytes, items.length)
  }
  for (const item of items) write(bytes, item)
}

function writeText(bytes: number[], text: string): void {
  const encoded = Buffer.from(text)
  writeVarint(bytes, encoded.length)
  bytes.push(...encoded)
}

/** Zigzag: what is not negative is doubled. */
const writeInteger = (bytes: number[], value: number) => writeVarint(bytes, value * 2)

/** Seven bits a byte, lowest first. */
export function writeVarint(bytes: number[], value: number): void {
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
}
