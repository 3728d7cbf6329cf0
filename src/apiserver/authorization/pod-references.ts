import type { PodSpec } from '../../api/kinds/pod.ts'

/** The objects of its namespace that a pod is made of, by name. */
export interface PodReferences {
  readonly secrets: ReadonlySet<string>
  readonly configMaps: ReadonlySet<string>
  readonly serviceAccounts: ReadonlySet<string>
}

export function podReferences({ spec }: { readonly spec: PodSpec }): PodReferences {
  const secrets = new Set<string>()
  const configMaps = new Set<string>()
  for (const { name } of spec.imagePullSecrets ?? []) add(secrets, name)
  for (const container of containersOf(spec)) {
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      add(secrets, secretRef?.name)
      add(configMaps, configMapRef?.name)
    }
    for (const { valueFrom } of container.env ?? []) {
      add(secrets, valueFrom?.secretKeyRef?.name)
      add(configMaps, valueFrom?.configMapKeyRef?.name)
    }
  }
  for (const { secret, configMap, projected } of spec.volumes ?? []) {
    add(secrets, secret?.secretName)
    add(configMaps, configMap?.name)
    for (const source of projected?.sources ?? []) {
      add(secrets, source.secret?.name)
      add(configMaps, source.configMap?.name)
    }
  }
  const serviceAccounts = new Set<string>()
  add(serviceAccounts, spec.serviceAccountName)
  return { secrets, configMaps, serviceAccounts }
}

function containersOf({ containers = [], initContainers = [], ephemeralContainers = [] }: PodSpec) {
  return [...containers, ...initContainers, ...ephemeralContainers]
}

function add(names: Set<string>, name: string | undefined): void {
  if (name !== undefined && name !== '') names.add(name)
}
