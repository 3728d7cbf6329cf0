import { forbidden, invalid, notSupported, required, valueNotFound, type FieldError } from '../../field-error.ts'
import { validateOptionalEnum } from '../values.ts'
import { validateDescendingPath, validateNoBacksteps } from './paths.ts'
import type { Container, VolumeMount } from './types.ts'
import type { MountableVolumes } from './volumes.ts'

const propagations: readonly string[] = ['Bidirectional', 'HostToContainer', 'None']
const recursions: readonly string[] = ['Disabled', 'Enabled', 'IfPossible']

/** Problems of a container's mounts. Upstream names the whole list where it speaks of a part of one mount. */
export function validateVolumeMounts(container: Container, volumes: MountableVolumes, list: string): FieldError[] {
  const { volumeMounts: mounts = [], volumeDevices: devices = [] } = container
  const paths = new Set<string>()
  return mounts.flatMap((mount, index) => {
    const { name = '', mountPath = '' } = mount
    const path = `${list}[${index}]`
    const errors = validateTarget(mount, volumes, path)
    if (paths.has(mountPath)) errors.push(invalid(`${path}.mountPath`, mountPath, 'must be unique'))
    paths.add(mountPath)
    if (devices.some((device) => device.name === name)) {
      errors.push(invalid(`${path}.name`, name, 'must not already exist in volumeDevices'))
    }
    if (devices.some((device) => device.devicePath === mountPath)) {
      errors.push(invalid(`${path}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'))
    }
    return [...errors, ...validateSubPaths(mount, path, list), ...validateOptions(mount, container, list)]
  })
}

function validateTarget(mount: VolumeMount, volumes: MountableVolumes, path: string): FieldError[] {
  const { name = '', mountPath = '' } = mount
  return [
    ...(name === '' ? [required(`${path}.name`)] : []),
    ...(volumes.has(name) ? [] : [valueNotFound(`${path}.name`, name)]),
    ...(mountPath === '' ? [required(`${path}.mountPath`)] : []),
  ]
}

function validateSubPaths({ subPath = '', subPathExpr = '' }: VolumeMount, path: string, list: string): FieldError[] {
  const exclusive = 'subPathExpr and subPath are mutually exclusive'
  return [
    ...(subPath === '' ? [] : validateDescendingPath(subPath, `${list}.subPath`)),
    ...(subPath === '' || subPathExpr === '' ? [] : [invalid(`${path}.subPathExpr`, subPathExpr, exclusive)]),
    ...(subPathExpr === '' ? [] : validateDescendingPath(subPathExpr, `${list}.subPathExpr`)),
  ]
}

function validateOptions(mount: VolumeMount, { securityContext }: Container, list: string): FieldError[] {
  const { mountPropagation } = mount
  const errors = validateOptionalEnum(mountPropagation, `${list}.mountPropagation`, propagations)
  if (mountPropagation === 'Bidirectional' && securityContext?.privileged !== true) {
    const problem = 'Bidirectional mount propagation is available only to privileged containers'
    errors.push(forbidden(`${list}.mountPropagation`, problem))
  }
  return [...errors, ...validateRecursion(mount, `${list}.recursiveReadOnly`)]
}

function validateRecursion(mount: VolumeMount, path: string): FieldError[] {
  const { recursiveReadOnly: recursion, readOnly, mountPropagation = 'None' } = mount
  if (recursion === undefined || recursion === 'Disabled') return []
  if (!recursions.includes(recursion)) return [notSupported(path, recursion, recursions)]
  return [
    ...(readOnly === true ? [] : [forbidden(path, 'may only be specified when readOnly is true')]),
    ...(mountPropagation === 'None'
      ? []
      : [forbidden(path, 'may only be specified when mountPropagation is None or not specified')]),
  ]
}

/** Raw block devices, which only claims can be. */
export function validateVolumeDevices(container: Container, volumes: MountableVolumes, list: string): FieldError[] {
  const names = new Set<string>()
  const paths = new Set<string>()
  return (container.volumeDevices ?? []).flatMap(({ name = '', devicePath = '' }, index) => {
    const path = `${list}[${index}]`
    const errors = [
      ...(name === '' ? [required(`${path}.name`)] : []),
      ...(names.has(name) ? [invalid(`${path}.name`, name, 'must be unique')] : []),
      ...validateDeviceVolume(name, volumes, `${path}.name`),
      ...(devicePath === '' ? [required(`${path}.devicePath`)] : []),
      ...(paths.has(devicePath) ? [invalid(`${path}.devicePath`, devicePath, 'must be unique')] : []),
      ...(validateNoBacksteps(devicePath, path).length === 0
        ? []
        : [invalid(`${path}.devicePath`, devicePath, "can not contain backsteps ('..')")]),
    ]
    names.add(name)
    paths.add(devicePath)
    return errors
  })
}

function validateDeviceVolume(name: string, volumes: MountableVolumes, path: string): FieldError[] {
  const volume = volumes.get(name)
  if (volume === undefined) return [valueNotFound(path, name)]
  if (volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined) return []
  const problem = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
  return [invalid(path, name, problem)]
}
