/** A page as a browser reads it: parsed by parse5, an independent implementation of the HTML standard. */
import { type DefaultTreeAdapterTypes, parse } from 'parse5'

type Node = DefaultTreeAdapterTypes.ChildNode
export type Element = DefaultTreeAdapterTypes.Element

export type ReadPage = { faults: string[]; elements: Element[]; text: string }

export function readPage(page: string): ReadPage {
  const faults: string[] = []
  const document = parse(page, { onParseError: ({ code, startLine, startCol }) => faults.push(`${code} at ${startLine}:${startCol}`) })
  const elements: Element[] = []
  const walk = (node: Node): void => {
    if (!('tagName' in node)) return
    elements.push(node)
    for (const child of node.childNodes) walk(child)
  }
  for (const node of document.childNodes) walk(node)
  return { faults, elements, text: elements.length === 0 ? '' : textOf(elements[0]!) }
}

export const attribute = ({ attrs }: Element, name: string): string | undefined => attrs.find((attr) => attr.name === name)?.value

export function textOf(node: Node): string {
  if ('value' in node) return node.value
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : ''
}

/** Everything by which a page could load something or run something. */
export function reachesOut({ elements }: ReadPage): string[] {
  const active = new Set([
    'script',
    'link',
    'iframe',
    'object',
    'embed',
    'img',
    'audio',
    'video',
    'source',
    'base',
    'form',
    'foreignObject',
  ])
  const loading = new Set(['src', 'srcset', 'href', 'xlink:href', 'action', 'data', 'background', 'poster'])
  return elements.flatMap((element) => [
    ...(active.has(element.tagName) ? [`<${element.tagName}>`] : []),
    ...element.attrs.filter(({ name }) => loading.has(name) || name.startsWith('on')).map(({ name, value }) => `${name}="${value}"`),
    ...element.attrs.filter(({ value }) => /https?:|url\((?!["']?#)/.test(value)).map(({ name, value }) => `${name}="${value}"`),
    ...(element.tagName === 'style' && /@import|url\(|https?:/.test(textOf(element)) ? ['style that loads'] : []),
  ])
}
