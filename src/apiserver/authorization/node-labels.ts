import type { KubeObject } from '../../api/object.ts'

/** Labels of Kubernetes that a node may give itself; all others under its domains are for administrators. */
const allowed = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
])

/** Keys whose value differs between the two, sorted; all of them where there was no object before. */
export function changedLabels(next: KubeObject, previous: KubeObject | undefined): readonly string[] {
  const after = next.metadata.labels ?? {}
  const before = previous?.metadata.labels ?? {}
  const keys = new Set([...Object.keys(after), ...Object.keys(before)])
  return [...keys].filter((key) => after[key] !== before[key]).sort()
}

/** Those of the labels by which a node could draw work to itself, and so may not set. */
export function labelsKeptFromNodes(labels: readonly string[]): readonly string[] {
  return labels.filter((label) => {
    const slash = label.indexOf('/')
    const domain = slash < 0 ? '' : label.slice(0, slash)
    if (isWithin(domain, 'node-restriction.kubernetes.io')) return true
    if (!isWithin(domain, 'kubernetes.io') && !isWithin(domain, 'k8s.io')) return false
    return !allowed.has(label) && !isWithin(domain, 'kubelet.kubernetes.io') && !isWithin(domain, 'node.kubernetes.io')
  })
}

function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`)
}
