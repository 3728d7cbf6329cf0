/**
 * How strategic merge patches treat fields: the `patchMergeKey` and `patchStrategy` tags of upstream's types
 * (k8s.io/api and apimachinery of Kubernetes 1.36), which the generated schema does not have. Fields that are not here
 * are replaced if they are lists, and merged if they are objects.
 */
export interface PatchRule {
  /** Lists with `merge` are merged item by item; `retainKeys` says that clients send `$retainKeys`. */
  readonly strategies: readonly ('merge' | 'retainKeys')[]
  /** Which field tells the items of a merged list apart; absent for lists of plain values. */
  readonly mergeKey?: string
}

/** Lists of objects that are merged by the named field of their items. */
const mergeKeys: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  V1Container: containerLists(),
  V1ContainerStatus: { allocatedResourcesStatus: 'name', volumeMounts: 'mountPath' },
  V1DaemonSetStatus: { conditions: 'type' },
  V1DeploymentStatus: { conditions: 'type' },
  V1EphemeralContainer: containerLists(),
  V1NamespaceStatus: { conditions: 'type' },
  V1NodeStatus: { addresses: 'type', conditions: 'type' },
  V1ObjectMeta: { ownerReferences: 'uid' },
  V1PersistentVolumeClaimStatus: { conditions: 'type' },
  V1PodSpec: {
    containers: 'name',
    ephemeralContainers: 'name',
    hostAliases: 'ip',
    imagePullSecrets: 'name',
    initContainers: 'name',
    resourceClaims: 'name',
    schedulingGates: 'name',
    topologySpreadConstraints: 'topologyKey',
    volumes: 'name',
  },
  V1PodStatus: { conditions: 'type', hostIPs: 'ip', podIPs: 'ip', resourceClaimStatuses: 'name' },
  V1ReplicaSetStatus: { conditions: 'type' },
  V1ReplicationControllerStatus: { conditions: 'type' },
  V1ServiceAccount: { secrets: 'name' },
  V1ServiceCIDRStatus: { conditions: 'type' },
  V1ServiceSpec: { ports: 'port' },
  V1ServiceStatus: { conditions: 'type' },
  V1StatefulSetStatus: { conditions: 'type' },
}

/** Lists of plain values that are merged as sets. */
const mergedSets: Readonly<Record<string, readonly string[]>> = {
  V1NodeSpec: ['podCIDRs'],
  V1ObjectMeta: ['finalizers'],
}

/** Where clients say which keys of an object shall remain, as of its kinds only one may be set. */
const retainKeys: Readonly<Record<string, readonly string[]>> = {
  V1DeploymentSpec: ['strategy'],
  V1PodSpec: ['resourceClaims', 'volumes'],
  V1PodStatus: ['resourceClaimStatuses'],
}

/** Every field with a rule, as `[type, field]`. */
export const fieldsWithRules: readonly (readonly [string, string])[] = [
  ...Object.entries(mergeKeys).flatMap(([type, fields]) => Object.keys(fields).map((field) => [type, field] as const)),
  ...[mergedSets, retainKeys].flatMap((table) =>
    Object.entries(table).flatMap(([type, fields]) => fields.map((field) => [type, field] as const)),
  ),
]

const rules = new Map(fieldsWithRules.map(([type, field]) => [`${type}.${field}`, ruleOf(type, field)]))

/** The rule for a field of a type in the schema, `patchRule('V1PodSpec', 'containers')`; undefined if it has none. */
export function patchRule(type: string, field: string): PatchRule | undefined {
  return rules.get(`${type}.${field}`)
}

function ruleOf(type: string, field: string): PatchRule {
  const mergeKey = mergeKeys[type]?.[field]
  const merges = mergeKey !== undefined || mergedSets[type]?.includes(field) === true
  const retains = retainKeys[type]?.includes(field) === true
  return {
    strategies: [...(merges ? (['merge'] as const) : []), ...(retains ? (['retainKeys'] as const) : [])],
    ...(mergeKey === undefined ? {} : { mergeKey }),
  }
}

function containerLists(): Record<string, string> {
  return { env: 'name', ports: 'containerPort', volumeDevices: 'devicePath', volumeMounts: 'mountPath' }
}
