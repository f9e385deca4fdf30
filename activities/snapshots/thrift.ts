/** Structs in Thrift's compact protocol, as far as Parquet's page headers and footers need it, written and read. Source: Apache Thrift's specification of it. */

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

/** A struct as it was read: values by the ids of their fields. Integers, booleans, bytes, structs and lists. */
export type ReadStruct = ReadonlyMap<number, ReadValue>
type ReadValue = number | boolean | Uint8Array | ReadStruct | readonly ReadValue[]

/** Reads structs that `structBytes` writes, from `at` on. @throws RangeError on any other byte */
export class ThriftReader {
  private readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }

  struct(): ReadStruct {
    const fields = new Map<number, ReadValue>()
    let id = 0
    for (let head = this.byte(); head !== 0; head = this.byte()) {
      id += head >> 4
      fields.set(id, this.value(head & 0x0f))
    }
    return fields
  }

  varint(): number {
    let [value, place] = [0, 1]
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * place
      if (byte < 0x80) return value
      place *= 0x80
    }
  }

  private value(type: number): ReadValue {
    switch (type) {
      case wire.true:
        return true
      case wire.false:
        return false
      case wire.i32:
      case wire.i64:
        return this.varint() / 2
      case wire.text: {
        const length = this.varint()
        this.at += length
        return this.bytes.subarray(this.at - length, this.at)
      }
      case wire.list: {
        const head = this.byte()
        const length = head >> 4 === longList ? this.varint() : head >> 4
        return Array.from({ length }, () => this.value(head & 0x0f))
      }
      case wire.struct:
        return this.struct()
      default:
        throw new RangeError(`byte ${this.at - 1} names type ${type}, which no page header or footer of bars has`)
    }
  }

  private byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new RangeError(`the bytes end in the middle of a struct, after ${this.bytes.length}`)
    return byte
  }
}
