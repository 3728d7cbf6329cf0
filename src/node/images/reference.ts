import { builtinImages } from './catalog.ts'

/**
 * An image reference in full, as docker and containerd's CRI plugin read it
 * (https://github.com/distribution/reference): `busybox` is `docker.io/library/busybox:latest`. A digest needs no tag.
 */
export function normalizeReference(image: string): string {
  const { domain, remainder } = splitDomain(image)
  const full = `${domain}/${remainder}`
  return remainder.includes(':') || remainder.includes('@') ? full : `${full}:latest`
}

/** The repository of an image in full, without tag and digest: `docker.io/library/busybox`. */
export function repositoryOf(image: string): string {
  const { domain, remainder } = splitDomain(image)
  return `${domain}/${remainder.replace(/[:@].*$/, '')}`
}

const alphanumeric = '[a-z0-9]+'
const pathComponent = `${alphanumeric}(?:(?:[._]|__|-+)${alphanumeric})*`
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const host = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const name = `${host}/${pathComponent}(?:/${pathComponent})*`
const tag = '\\w[\\w.-]{0,127}'
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const wholeReference = new RegExp(`^(${name})(?::${tag})?(?:@${digest})?$`)
const longestName = 255

/** What is wrong with an image reference, in the words of the reference's own library; undefined if nothing is. */
export function referenceProblem(image: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(image)) {
    return `invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`
  }
  const { domain, remainder } = splitDomain(image)
  const [remoteName = ''] = remainder.split(':')
  if (remoteName !== remoteName.toLowerCase()) {
    return `invalid reference format: repository name (${remoteName}) must be lowercase`
  }
  const [, found] = wholeReference.exec(`${domain}/${remainder}`) ?? []
  if (found === undefined) return 'invalid reference format'
  return found.length > longestName ? `repository name must not be more than ${longestName} characters` : undefined
}

/** The first part of a name is a domain if it looks like one; without, and without an owner, it is docker's own. */
function splitDomain(image: string): { domain: string; remainder: string } {
  const slash = image.indexOf('/')
  const first = slash < 0 ? '' : image.slice(0, slash)
  const hasDomain = /[.:]|^localhost$|[A-Z]/.test(first)
  const domain = hasDomain ? first.replace(/^index\.docker\.io$/, 'docker.io') : 'docker.io'
  const rest = hasDomain ? image.slice(slash + 1) : image
  return { domain, remainder: domain === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest }
}

const pinned: ReadonlySet<string> = new Set(builtinImages.map(({ reference }) => reference))

/** Whether Portolan brings the image along. Such an image is never pulled, whatever `imagePullPolicy` says. */
export function isPinned(image: string): boolean {
  return pinned.has(normalizeReference(image))
}
