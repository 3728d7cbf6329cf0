import { elementTexts, parseListing } from './nft-table-listing.ts'

/**
 * The elements in the block of one set or map, without its heading: `key` or `key : value`, sorted. Timeouts and what
 * is left of them are not part of an element.
 */
export function parseElements(body: string): string[] {
  return elementTexts(parseListing(`\tset only {\n${body}\n\t}`), 'only')
}
