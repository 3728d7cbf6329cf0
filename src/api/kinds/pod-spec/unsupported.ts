/** What the API knows of pods and Portolan's nodes cannot do. */
import { forbidden, type FieldError } from '../../field-error.ts'
import { dottedSysctl, safeSysctls } from './sysctls.ts'
import type { Container, PodSpec, Volume } from './types.ts'

const volumeTypes: readonly string[] = ['emptyDir', 'hostPath', 'configMap', 'secret', 'downwardAPI', 'projected']
const projections: readonly string[] = ['configMap', 'secret', 'downwardAPI', 'serviceAccountToken']
const media: readonly string[] = ['', 'Memory']

/** A problem for each field; the message says what is supported. */
export function unsupportedFields(spec: PodSpec, path: string): FieldError[] {
  const { volumes = [], containers = [], initContainers = [] } = spec
  return [
    ...volumes.flatMap((volume, index) => unsupportedVolume(volume, `${path}.volumes[${index}]`)),
    ...unsupportedOptions(spec, path),
    ...unsupportedProfiles(spec.securityContext ?? {}, `${path}.securityContext`),
    ...unsupportedOfPod(spec.securityContext ?? {}, `${path}.securityContext`),
    ...containers.flatMap((each, index) => unsupportedOfContainer(each, `${path}.containers[${index}]`)),
    ...initContainers.flatMap((each, index) => unsupportedOfContainer(each, `${path}.initContainers[${index}]`)),
  ]
}

function unsupportedVolume(volume: Volume, path: string): FieldError[] {
  const { emptyDir, projected } = volume
  const medium = emptyDir?.medium ?? ''
  const otherMedium = `${medium} is not supported; use Memory, or none for the disk`
  const sources = projected?.sources ?? []
  const use = (names: readonly string[]) => `is not supported; use one of ${names.join(', ')}`
  return [
    ...givenIn(volume, ['name', ...volumeTypes]).map((type) =>
      forbidden(`${path}.${type}`, `this type of volume ${use(volumeTypes)}`),
    ),
    ...(media.includes(medium) ? [] : [forbidden(`${path}.emptyDir.medium`, otherMedium)]),
    ...sources.flatMap((source, index) =>
      givenIn(source, projections).map((type) =>
        forbidden(`${path}.projected.sources[${index}].${type}`, `this source of files ${use(projections)}`),
      ),
    ),
  ]
}

/** The fields that an object has beside the supported ones. */
function givenIn(object: object, supported: readonly string[]): readonly string[] {
  const given = Object.entries(object).filter(([, value]) => value !== undefined)
  return given.map(([field]) => field).filter((field) => !supported.includes(field))
}

function unsupportedOptions(spec: PodSpec, path: string): FieldError[] {
  const { hostUsers, runtimeClassName = '', resourceClaims = [], os } = spec
  const leaveOut = 'leave the field out'
  return [
    ...(hostUsers === false ? [forbidden(`${path}.hostUsers`, `user namespaces are not supported; ${leaveOut}`)] : []),
    ...(runtimeClassName === ''
      ? []
      : [forbidden(`${path}.runtimeClassName`, `there is one runtime, runc; ${leaveOut}`)]),
    ...(resourceClaims.length === 0
      ? []
      : [forbidden(`${path}.resourceClaims`, `nodes have no devices to claim; ${leaveOut}`)]),
    ...((os?.name ?? 'linux') === 'linux' ? [] : [forbidden(`${path}.os.name`, 'nodes run linux')]),
  ]
}

type PodSecurity = NonNullable<PodSpec['securityContext']>

function unsupportedOfPod(context: PodSecurity, path: string): FieldError[] {
  const { supplementalGroupsPolicy = 'Merge', sysctls = [] } = context
  const unsafe = `is not supported; safe ones are ${safeSysctls.join(', ')}`
  const policy = `${supplementalGroupsPolicy} is not supported; use Merge`
  return [
    ...(supplementalGroupsPolicy === 'Merge' ? [] : [forbidden(`${path}.supplementalGroupsPolicy`, policy)]),
    ...sysctls.flatMap(({ name = '' }, index) =>
      safeSysctls.includes(dottedSysctl(name))
        ? []
        : [forbidden(`${path}.sysctls[${index}].name`, `${name} ${unsafe}`)],
    ),
  ]
}

function unsupportedOfContainer({ securityContext = {} }: Container, path: string): FieldError[] {
  return unsupportedProfiles(securityContext, `${path}.securityContext`)
}

type Profiles = Pick<PodSecurity, 'seccompProfile' | 'appArmorProfile'>

function unsupportedProfiles({ seccompProfile, appArmorProfile }: Profiles, path: string): FieldError[] {
  const appArmor = appArmorProfile?.type ?? 'Unconfined'
  return [
    ...(seccompProfile?.type === 'Localhost'
      ? [forbidden(`${path}.seccompProfile.type`, 'Localhost is not supported; use RuntimeDefault or Unconfined')]
      : []),
    ...(appArmor === 'Unconfined'
      ? []
      : [forbidden(`${path}.appArmorProfile.type`, `${appArmor} is not supported; use Unconfined`)]),
  ]
}
