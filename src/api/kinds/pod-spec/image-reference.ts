/** `Always` for images that may change under their name: those tagged `latest`, or not at all. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const [named = '', digest] = image.split('@')
  if (named === '') return 'IfNotPresent'
  // A colon before the last slash belongs to the registry's port.
  const [, tag] = named.slice(named.lastIndexOf('/') + 1).split(':')
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent'
}
