const escape = 0x1b
const del = 0x7f

/**
 * A text that quotes what others wrote, with a picture (U+2400 and following) for each control character but line breaks and
 * tabs: PostgreSQL stores no NUL, and a terminal obeys the others. Half a surrogate pair becomes U+FFFD.
 */
export const printable = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => pictureOf(character.charCodeAt(0)))
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')

/** Codes above DEL have no picture: they are ESC and a letter in one. */
const pictureOf = (code: number): string =>
  code < 0x20 ? String.fromCharCode(0x2400 + code) : code === del ? '\u2421' : pictureOf(escape) + String.fromCharCode(code - 0x40)
