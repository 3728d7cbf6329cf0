import { forbidden, invalid, required, type FieldError } from '../../field-error.ts'
import { isQualifiedName } from '../../names.ts'
import { canonicalQuantity, compareQuantities, parseQuantity, type Quantity, QuantityError } from '../../quantity.ts'
import { checked } from '../values.ts'
import type { Resources } from './types.ts'

/** Unprefixed names that containers may use; pages of memory have their size in the name. */
const containerResources: readonly string[] = ['cpu', 'memory', 'ephemeral-storage']
/** Unprefixed names that mean something elsewhere, such as in quotas. */
const otherStandardResources: readonly string[] = [
  'storage',
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
]
const wholeNumber = 1_000_000_000n

export function validateResources({ limits = {}, requests = {} }: Resources, path: string): FieldError[] {
  return [
    ...validateList(limits, `${path}.limits`),
    ...Object.entries(requests).flatMap(([name, quantity]) => [
      ...validateEntry(name, quantity, `${path}.requests[${name}]`),
      ...validateAgainstLimit(name, quantity, limits[name], path),
    ]),
    ...validateHugePages([...Object.keys(limits), ...Object.keys(requests)], path),
  ]
}

/** Quantities by name, as in a node's capacity. */
export function validateQuantities(list: Readonly<Record<string, string>>, path: string): FieldError[] {
  return Object.entries(list).flatMap(([name, quantity]) => validateQuantity(name, quantity, `${path}.${name}`))
}

function validateList(list: Readonly<Record<string, string>>, path: string): FieldError[] {
  return Object.entries(list).flatMap(([name, quantity]) => validateEntry(name, quantity, `${path}[${name}]`))
}

function validateEntry(name: string, quantity: string, path: string): FieldError[] {
  return [...validateName(name, path), ...validateQuantity(name, quantity, path)]
}

function validateName(name: string, path: string): FieldError[] {
  const errors = checked(name, path, isQualifiedName)
  if (name.includes('/')) {
    if (errors.length > 0 || isNative(name) || isExtended(name)) return errors
    return [invalid(path, name, "doesn't follow extended resource name standard")]
  }
  if (isContainerResource(name)) return errors
  if (errors.length === 0 && !otherStandardResources.includes(name)) {
    errors.push(invalid(path, name, 'must be a standard resource type or fully qualified'))
  }
  return [...errors, invalid(path, name, 'must be a standard resource for containers')]
}

function validateQuantity(name: string, text: string, path: string): FieldError[] {
  const quantity = readQuantity(text)
  if (typeof quantity === 'string') return [invalid(path, text, quantity)]
  const negative = quantity.nanos < 0n ? [invalid(path, text, 'must be greater than or equal to 0')] : []
  const isFraction = isExtended(name) && quantity.nanos % wholeNumber !== 0n
  return [...negative, ...(isFraction ? [invalid(path, text, 'must be an integer')] : [])]
}

/** Only what a node can share out more than once may be asked for in another amount than its limit. */
function validateAgainstLimit(name: string, text: string, limitText: string | undefined, path: string): FieldError[] {
  if (limitText === undefined) {
    if (isOvercommitable(name)) return []
    return [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')]
  }
  const [request, limit] = [readQuantity(text), readQuantity(limitText)]
  if (typeof request === 'string' || typeof limit === 'string') return []
  const order = compareQuantities(request, limit)
  const bound = `${name} limit of ${canonicalQuantity(limitText)}`
  if (order !== 0 && !isOvercommitable(name)) {
    return [invalid(`${path}.requests`, canonicalQuantity(text), `must be equal to ${bound}`)]
  }
  if (order <= 0) return []
  return [invalid(`${path}.requests`, canonicalQuantity(text), `must be less than or equal to ${bound}`)]
}

function validateHugePages(names: readonly string[], path: string): FieldError[] {
  const isAlone = names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')
  return isAlone ? [forbidden(path, 'HugePages require cpu or memory')] : []
}

/** The quantity, or what is wrong with the text. */
function readQuantity(text: string): Quantity | string {
  try {
    return parseQuantity(text)
  } catch (error) {
    if (error instanceof QuantityError) return error.message
    throw error
  }
}

function isContainerResource(name: string): boolean {
  return containerResources.includes(name) || isHugePages(name)
}

function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-')
}

function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/')
}

function isExtended(name: string): boolean {
  return !isNative(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0
}

function isOvercommitable(name: string): boolean {
  return isNative(name) && !isHugePages(name)
}
