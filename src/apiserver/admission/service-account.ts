import { forbiddenRequest } from '../../api/errors.ts'
import { isMirrorPod } from '../../api/kinds/mirror-pod.ts'
import { type Pod, Pods } from '../../api/kinds/pod.ts'
import { type ServiceAccount, ServiceAccounts } from '../../api/kinds/service-account.ts'
import { generateName } from '../names.ts'
import type { ObjectStore } from '../objects.ts'
import type { AdmissionStep } from './admission.ts'

type PodSpec = Pod['spec']
type Container = PodSpec['containers'][number]
type Volume = NonNullable<PodSpec['volumes']>[number]

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const volumePrefix = 'kube-api-access-'
/** Just over an hour: the number tells the token from one that somebody asked for. */
const tokenSeconds = 3607

/**
 * A new pod runs as a ServiceAccount, which must be there, and is given its image pull secrets and, in every container,
 * a token of it with what is needed to reach the API
 * (https://kubernetes.io/docs/concepts/security/service-accounts/#assign-to-pod).
 */
export function serviceAccountStep(objects: ObjectStore, random: () => number): AdmissionStep {
  return {
    name: 'service-account',
    async admit({ operation, kind, subresource, object }) {
      if (kind.resource.plural !== Pods.plural || kind.resource.group !== Pods.group) return
      if (operation !== 'create' || subresource !== undefined) return
      const pod = object as Pod
      if (isMirrorPod(pod)) return checkMirrorPod(pod)
      const account = await accountOf(pod, objects)
      if (wantsToken(pod, account)) mountToken(pod.spec, random)
      const { imagePullSecrets = [] } = account
      if ((pod.spec.imagePullSecrets ?? []).length > 0 || imagePullSecrets.length === 0) return
      pod.spec.imagePullSecrets = structuredClone(imagePullSecrets)
    },
  }
}

function checkMirrorPod(pod: Pod): void {
  const { serviceAccountName = 'default' } = pod.spec
  if (serviceAccountName !== 'default') throw refuse(pod, 'a mirror pod may not reference service accounts')
  const projectsToken = (pod.spec.volumes ?? []).some(({ projected }) =>
    projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined),
  )
  if (projectsToken) throw refuse(pod, 'a mirror pod may not use ServiceAccountToken volume projections')
}

/** Names the pod's account, `default` if it has chosen none. Throws a 403 if there is no such account. */
async function accountOf(pod: Pod, objects: ObjectStore): Promise<ServiceAccount> {
  const { spec, metadata } = pod
  const { namespace = '' } = metadata
  const chosen = spec.serviceAccountName ?? ''
  const name = chosen === '' ? 'default' : chosen
  spec.serviceAccountName = name
  spec.serviceAccount = name
  const stored = await objects.get(ServiceAccounts, namespace, name)
  if (stored !== undefined) return stored.object as ServiceAccount
  const cause = `serviceaccount ${JSON.stringify(name)} not found`
  throw refuse(pod, `error looking up service account ${namespace}/${name}: ${cause}`)
}

function refuse({ metadata }: Pod, why: string) {
  return forbiddenRequest(Pods, metadata.name ?? '', why)
}

function wantsToken({ spec }: Pod, account: ServiceAccount): boolean {
  return (spec.automountServiceAccountToken ?? account.automountServiceAccountToken) !== false
}

function mountToken(spec: PodSpec, random: () => number): void {
  const volumes = spec.volumes ?? []
  const present = volumes.find(({ name }) => name.startsWith(volumePrefix))
  const name = present?.name ?? freeName(volumes, random)
  const lacking = [...(spec.initContainers ?? []), ...spec.containers].filter(hasNothingThere)
  for (const container of lacking) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }]
  }
  if (lacking.length > 0 && present === undefined) spec.volumes = [...volumes, accessVolume(name)]
}

/** What a container has mounted there itself stays. */
function hasNothingThere({ volumeMounts = [] }: Container): boolean {
  return !volumeMounts.some((mount) => mount.mountPath === mountPath)
}

function freeName(volumes: readonly Volume[], random: () => number): string {
  for (;;) {
    const name = generateName(volumePrefix, random)
    if (!volumes.some((volume) => volume.name === name)) return name
  }
}

function accessVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  }
}
