import { builtinImages } from './catalog.ts'

/**
 * An image reference in full, as docker and containerd's CRI plugin read it
 * (https://github.com/distribution/reference): `busybox` is `docker.io/library/busybox:latest`. A digest needs no tag.
 */
export function normalizeReference(image: string): string {
  const [named = '', digest] = image.split('@')
  const slash = named.indexOf('/')
  const first = slash < 0 ? '' : named.slice(0, slash)
  const hasDomain = /[.:]|^localhost$|[A-Z]/.test(first)
  const domain = hasDomain ? first.replace(/^index\.docker\.io$/, 'docker.io') : 'docker.io'
  const rest = hasDomain ? named.slice(slash + 1) : named
  const path = domain === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest
  if (digest !== undefined) return `${domain}/${path}@${digest}`
  return path.includes(':') ? `${domain}/${path}` : `${domain}/${path}:latest`
}

const pinned: ReadonlySet<string> = new Set(builtinImages.map(({ reference }) => reference))

/** Whether Portolan brings the image along. Such an image is never pulled, whatever `imagePullPolicy` says. */
export function isPinned(image: string): boolean {
  return pinned.has(normalizeReference(image))
}
