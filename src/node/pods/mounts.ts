import type { Pod } from '../../api/kinds/pod.ts'
import type { Mount } from '../cri/runtime.ts'
import { expand } from './expand.ts'
import type { NodePaths } from './paths.ts'
import type { ContainerSpec, VolumeSpec } from './spec.ts'
import { StartFailure } from './start-failure.ts'
import { prepareSubPath } from './volumes/sub-path.ts'
import { VolumeFailure } from './volumes/volume-failure.ts'
import { volumePath } from './volumes/volumes.ts'

type VolumeMount = NonNullable<ContainerSpec['volumeMounts']>[number]

const alwaysReadOnly = ['configMap', 'secret', 'downwardAPI', 'projected'] as const

export interface MountInputs {
  readonly paths: NodePaths
  readonly variables: ReadonlyMap<string, string>
}

/** The mounts of a container's volumes; directories of sub-paths are made. Throws `StartFailure` in upstream's words. */
export async function volumeMounts(pod: Pod, spec: ContainerSpec, inputs: MountInputs): Promise<readonly Mount[]> {
  try {
    return await Promise.all((spec.volumeMounts ?? []).map((mount) => mountOf(pod, spec, { ...inputs, mount })))
  } catch (error) {
    if (!(error instanceof VolumeFailure)) throw error
    throw new StartFailure('config', 'CreateContainerConfigError', error.message)
  }
}

async function mountOf(
  pod: Pod,
  { name: container }: ContainerSpec,
  { paths, variables, mount }: MountInputs & { mount: VolumeMount },
): Promise<Mount> {
  const { name, mountPath } = mount
  const volume = pod.spec.volumes?.find((each) => each.name === name)
  if (volume === undefined) {
    const into = `container ${JSON.stringify(container)}`
    throw new VolumeFailure(`cannot find volume ${JSON.stringify(name)} to mount into ${into}`)
  }
  refuseRecursion(mount)
  const propagation = propagations.get(mount.mountPropagation ?? 'None')
  return {
    containerPath: mountPath.startsWith('/') ? mountPath : `/${mountPath}`,
    hostPath: await prepareSubPath(volumePath(pod, volume, paths), subPathOf(mount, variables), { name, container }),
    readonly: isReadOnly(volume, mount),
    ...(propagation === undefined ? {} : { propagation }),
  }
}

const propagations: ReadonlyMap<string, NonNullable<Mount['propagation']>> = new Map([
  ['HostToContainer', 'hostToContainer'],
  ['Bidirectional', 'bidirectional'],
])

function isReadOnly(volume: VolumeSpec, mount: VolumeMount): boolean {
  return mount.readOnly === true || alwaysReadOnly.some((type) => volume[type] !== undefined)
}

/** runc makes a mount read-only without those below it. */
function refuseRecursion({ name, recursiveReadOnly }: VolumeMount): void {
  if (recursiveReadOnly !== 'Enabled') return
  const asked = `volume ${JSON.stringify(name)} requested recursive read-only mode`
  const problem = `${asked}, but it is not supported by the runtime`
  throw new VolumeFailure(`failed to resolve recursive read-only mode: ${problem}`)
}

function subPathOf({ subPath = '', subPathExpr }: VolumeMount, variables: ReadonlyMap<string, string>): string {
  if (subPathExpr === undefined) return subPath
  const names = [...subPathExpr.matchAll(/\$\$|\$\(([^)]*)\)/g)].flatMap(([, name]) => name ?? [])
  const missing = [...new Set(names)].filter((name) => (variables.get(name) ?? '') === '').sort()
  if (missing.length > 0) throw new VolumeFailure(`missing value for ${missing.join(', ')}`)
  return expand(subPathExpr, variables)
}
