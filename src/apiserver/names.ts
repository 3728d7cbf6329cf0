/** Letters and digits that cannot form words or be mistaken for one another, as in upstream's generated names. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
const maxNameLength = 63

/** `kubia-` → `kubia-x7k2q`: the prefix, cut to fit a label, and five random characters. */
export function generateName(prefix: string, random: () => number): string {
  let suffix = ''
  for (let i = 0; i < suffixLength; i += 1) suffix += alphabet[Math.floor(random() * alphabet.length)]
  return prefix.slice(0, maxNameLength - suffixLength) + suffix
}
