/**
 * What a cron expression may say: five fields (minute, hour, day of month, month, day of week), each a star, a value, a
 * range, a list of these, with a step; months and days also by their English names, Sunday as 0 or 7. It is checked
 * here because Temporal refuses with less to go by, and takes some expressions to mean what nobody meant.
 */
type Field = { name: string; from: number; to: number; names?: readonly string[] }

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const fields: readonly Field[] = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, names: months },
  { name: 'day of week', from: 0, to: 7, names: days },
]

/** Days that a month has at most, from January: a day that no named month has would never come. */
const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** What is wrong with a cron expression, in a sentence; undefined when nothing is. */
export function cronFault(expression: string): string | undefined {
  const parts = expression.trim().split(/\s+/)
  if (parts.length !== fields.length)
    return `a cron expression has five fields (${fields.map(({ name }) => name).join(', ')}); this one has ${parts[0] === '' ? 0 : parts.length}`
  for (const [i, field] of fields.entries()) {
    const fault = fieldFault(parts[i]!, field)
    if (fault !== undefined) return fault
  }
  const [, , dayOfMonth, month, dayOfWeek] = parts as [string, string, string, string, string]
  if (!isAny(dayOfMonth) && !isAny(dayOfWeek))
    return 'name the day of month or the day of week, not both: programs differ in whether either or both must match'
  const roomiest = Math.max(...valuesOf(month, fields[3]!).map((number) => longest[number - 1]!))
  if (Math.min(...valuesOf(dayOfMonth, fields[2]!)) > roomiest) return `no month that ${month} names has a day ${dayOfMonth}`
  return undefined
}

const isAny = (part: string) => part === '*' || part === '*/1'

function fieldFault(part: string, field: Field): string | undefined {
  for (const item of part.split(',')) {
    const [, range, step] = /^([^/]*)(?:\/([^/]*))?$/.exec(item) ?? []
    if (range === undefined || range === '') return `${field.name}: ${JSON.stringify(item)} is not a value, a range or a star`
    if (step !== undefined && !(/^\d{1,2}$/.test(step) && Number(step) >= 1 && Number(step) <= field.to))
      return `${field.name}: a step is a whole number from 1 to ${field.to}, not ${JSON.stringify(step)}`
    if (range === '*') continue
    const ends = range.split('-')
    if (ends.length > 2) return `${field.name}: ${JSON.stringify(range)} is not a range`
    for (const end of ends)
      if (numberOf(end, field) === undefined)
        return `${field.name}: ${JSON.stringify(end)} is not one of ${field.from} to ${field.to}${field.names ? ` or ${field.names.join(', ')}` : ''}`
    if (ends.length === 2 && numberOf(ends[0]!, field)! > numberOf(ends[1]!, field)!)
      return `${field.name}: the range ${range} ends before it begins`
  }
  return undefined
}

function numberOf(text: string, { from, to, names }: Field): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + from
  if (!/^\d{1,2}$/.test(text)) return undefined
  const value = Number(text)
  return value >= from && value <= to ? value : undefined
}

/** Every value that a field names. It is well formed. */
function valuesOf(part: string, field: Field): number[] {
  return part.split(',').flatMap((item) => {
    const [range, step = '1'] = item.split('/') as [string, string?]
    const [first, last] = range === '*' ? [field.from, field.to] : range.split('-').map((end) => numberOf(end, field)!)
    const end = last ?? (item.includes('/') ? field.to : first!)
    return Array.from({ length: Math.floor((end - first!) / Number(step)) + 1 }, (_, i) => first! + i * Number(step))
  })
}
