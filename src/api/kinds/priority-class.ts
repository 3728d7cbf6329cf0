import type { V1PriorityClass } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { forbidden, type FieldError } from '../field-error.ts'
import { startGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { validateEnum, validateImmutable } from './values.ts'

/** A name for the priority of pods. */
export type PriorityClass = KubeObject & Omit<Wire<V1PriorityClass>, 'apiVersion' | 'kind' | 'metadata' | 'value'> & {
  /** Higher goes first. */
  value: number
}

export const PriorityClasses: Resource<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  namespaced: false,
  shortNames: ['pc'],
}

/** The classes that are there from the start, by name. */
export const systemPriorities: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
])

/** What is above is for the system's own. */
export const highestUserPriority = 1_000_000_000

export const priorityClassKind: Kind<PriorityClass> = {
  resource: PriorityClasses,
  schema: 'V1PriorityClass',
  nameRule: 'dns-subdomain',
  createsOnUpdate: true,
  hasStatus: false,

  setDefaults(priorityClass) {
    priorityClass.value ??= 0
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  prepareCreate: startGeneration,

  validate: (priorityClass) => [
    ...validateValue(priorityClass),
    ...validateEnum(priorityClass.preemptionPolicy, 'preemptionPolicy', ['PreemptLowerPriority', 'Never']),
  ],
  validateUpdate: (next, previous) => [
    ...(next.value === previous.value ? [] : [forbidden('value', 'may not be changed in an update.')]),
    ...validateImmutable(next.preemptionPolicy, previous.preemptionPolicy, 'preemptionPolicy'),
  ],

  columns: [
    nameColumn,
    {
      name: 'Value',
      type: 'integer',
      description: 'Priority of pods of the class; higher goes first.',
      priority: 0,
      cell: ({ value }) => value,
    },
    {
      name: 'Global-Default',
      type: 'boolean',
      description: 'Whether pods that name no class are of this one.',
      priority: 0,
      cell: ({ globalDefault = false }) => globalDefault,
    },
    ageColumn,
    {
      name: 'PreemptionPolicy',
      type: 'string',
      description: 'Whether such pods may push others off their node.',
      priority: 0,
      cell: ({ preemptionPolicy = '' }) => preemptionPolicy,
    },
  ],
}

const systemPrefix = 'system-'

function validateValue(priorityClass: PriorityClass): FieldError[] {
  const { metadata, value } = priorityClass
  if (metadata.name?.startsWith(systemPrefix) === true) {
    const problem = systemProblem(priorityClass)
    const reserved = `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: `
    return problem === undefined ? [] : [forbidden('metadata.name', reserved + problem)]
  }
  if (value <= highestUserPriority) return []
  return [forbidden('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`)]
}

function systemProblem({ metadata: { name }, value, globalDefault = false }: PriorityClass): string | undefined {
  const known = systemPriorities.get(name)
  if (known === undefined) return `${name} is not a known system priority class`
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}
