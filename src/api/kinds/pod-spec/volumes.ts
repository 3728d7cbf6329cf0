import { duplicate, forbidden, required, type FieldError } from '../../field-error.ts'
import { parseQuantity, QuantityError } from '../../quantity.ts'
import { validateLabel, validateOptionalEnum, validateRequired, validateSubdomain } from '../values.ts'
import { validateNoBacksteps } from './paths.ts'
import type { Volume } from './types.ts'
import { validateDownwardFiles, validateFiles, validateProjected } from './volume-files.ts'

/** The volumes that containers may mount: those without a problem, by name. */
export type MountableVolumes = ReadonlyMap<string, Volume>

export function validateVolumes(
  volumes: readonly Volume[],
  path: string,
): { errors: FieldError[]; mountable: MountableVolumes } {
  const errors: FieldError[] = []
  const mountable = new Map<string, Volume>()
  for (const [index, volume] of volumes.entries()) {
    const volumeErrors = validateVolume(volume, mountable, `${path}[${index}]`)
    if (volumeErrors.length === 0) mountable.set(volume.name ?? '', volume)
    errors.push(...volumeErrors)
  }
  return { errors, mountable }
}

function validateVolume(volume: Volume, before: MountableVolumes, path: string): FieldError[] {
  const { name = '' } = volume
  const errors = validateSource(volume, path)
  if (name === '') return [...errors, required(`${path}.name`)]
  const repeated = before.has(name) ? [duplicate(`${path}.name`, name)] : []
  return [...errors, ...validateLabel(name, `${path}.name`), ...repeated]
}

type SourceName = Exclude<keyof Volume, 'name'>

/** Every kind of volume, in the order in which a second one is refused. */
const sourceNames: readonly SourceName[] = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
]

function validateSource(volume: Volume, path: string): FieldError[] {
  const [first, ...others] = sourceNames.filter((name) => volume[name] !== undefined)
  if (first === undefined) return [required(path, 'must specify a volume type')]
  const tooMany = others.map((name) => forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'))
  return [...validateFirst(volume, first, `${path}.${first}`), ...tooMany]
}

function validateFirst(volume: Volume, name: SourceName, path: string): FieldError[] {
  switch (name) {
    case 'emptyDir':
      return validateEmptyDir(volume.emptyDir?.sizeLimit, path)
    case 'hostPath':
      return validateHostPath(volume.hostPath ?? {}, path)
    case 'secret':
      return [
        ...validateRequired(volume.secret?.secretName, `${path}.secretName`),
        ...validateFiles(volume.secret ?? {}, path),
      ]
    case 'configMap':
      return [
        ...validateRequired(volume.configMap?.name, `${path}.name`),
        ...validateFiles(volume.configMap ?? {}, path),
      ]
    case 'downwardAPI':
      return validateDownwardFiles(volume.downwardAPI ?? {}, path)
    case 'projected':
      return validateProjected(volume.projected ?? {}, path)
    case 'csi':
      return validateCsiDriver(volume.csi?.driver ?? '', `${path}.driver`)
    default:
      return validateRequiredFields(volume, name, path)
  }
}

/** What the other kinds cannot do without. */
const requiredFields: Partial<Record<SourceName, readonly string[]>> = {
  gitRepo: ['repository'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  nfs: ['server', 'path'],
  iscsi: ['targetPortal', 'iqn'],
  glusterfs: ['endpoints', 'path'],
  persistentVolumeClaim: ['claimName'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  quobyte: ['registry', 'volume'],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  storageos: ['volumeName'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  ephemeral: ['volumeClaimTemplate'],
  image: ['reference'],
}

function validateRequiredFields(volume: Volume, name: SourceName, path: string): FieldError[] {
  const given = new Map<string, unknown>(Object.entries(volume[name] ?? {}))
  return (requiredFields[name] ?? [])
    .filter((field) => given.get(field) === undefined || given.get(field) === '')
    .map((field) => required(`${path}.${field}`))
}

function validateEmptyDir(sizeLimit: string | undefined, path: string): FieldError[] {
  const problem = 'SizeLimit field must be a valid resource quantity'
  try {
    if (sizeLimit === undefined || parseQuantity(sizeLimit).nanos >= 0n) return []
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error
  }
  return [forbidden(`${path}.sizeLimit`, problem)]
}

const hostPathTypes: readonly string[] = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

function validateHostPath(hostPath: NonNullable<Volume['hostPath']>, path: string): FieldError[] {
  const { path: target = '', type } = hostPath
  if (target === '') return [required(`${path}.path`)]
  return [
    ...validateNoBacksteps(target, `${path}.path`),
    ...validateOptionalEnum(type, `${path}.type`, hostPathTypes),
  ]
}

function validateCsiDriver(driver: string, path: string): FieldError[] {
  return driver === '' ? [required(path)] : validateSubdomain(driver.toLowerCase(), path)
}
