import type { ConfigMap } from '../../api/kinds/config-map.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Secret } from '../../api/kinds/secret.ts'
import type { Service } from '../../api/kinds/service.ts'
import { expand } from './expand.ts'
import { fieldValue, resourceValue, UnknownField, type DownwardFacts } from './field-values.ts'
import { serviceVariables } from './service-env.ts'
import { configMapOf, secretBytes, secretOf, type PodSources } from './sources.ts'
import type { ContainerSpec, EnvVarSource } from './spec.ts'
import { StartFailure } from './start-failure.ts'

type EnvFrom = NonNullable<ContainerSpec['envFrom']>[number]

export interface EnvironmentInputs {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly services: readonly Service[]
  readonly sources: PodSources
  readonly facts: DownwardFacts
}

/**
 * The environment of a container about to start. Of several values for one name the last counts, in the order:
 * Services, `envFrom`, `env`. Throws `StartFailure` with reason CreateContainerConfigError for what is referred to and
 * is not there.
 */
export async function environmentOf(inputs: EnvironmentInputs): Promise<ReadonlyMap<string, string>> {
  const { pod, spec, services } = inputs
  const fromServices = serviceVariables(services, namespaceOf(pod), pod.spec.enableServiceLinks ?? true)
  const variables = new Map(fromServices)
  for (const from of spec.envFrom ?? []) {
    for (const [key, value] of await valuesFrom(inputs, from)) variables.set(`${from.prefix ?? ''}${key}`, value)
  }
  for (const { name, value = '', valueFrom } of spec.env ?? []) {
    const resolved = valueFrom === undefined ? expand(value, variables) : await resolve(inputs, valueFrom)
    if (resolved !== undefined) variables.set(name, resolved)
  }
  return variables
}

type Values = ReadonlyMap<string, string>

async function valuesFrom({ pod, sources }: EnvironmentInputs, { configMapRef, secretRef }: EnvFrom): Promise<Values> {
  if (configMapRef !== undefined) return textOf(await configMapOf(sources, namespaceOf(pod), configMapRef))
  if (secretRef !== undefined) return secretText(await secretOf(sources, namespaceOf(pod), secretRef))
  return new Map()
}

/** Undefined if an optional source is not there: the variable is then left out. */
async function resolve(inputs: EnvironmentInputs, from: EnvVarSource): Promise<string | undefined> {
  const { pod, spec, sources, facts } = inputs
  const namespace = namespaceOf(pod)
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = from
  try {
    if (fieldRef !== undefined) return fieldValue(pod, fieldRef, facts)
    if (resourceFieldRef !== undefined) return resourceValue(pod, resourceFieldRef, spec.name, facts)
  } catch (error) {
    if (error instanceof UnknownField) throw refuse(error.message)
    throw error
  }
  if (configMapKeyRef !== undefined) {
    const values = textOf(await configMapOf(sources, namespace, configMapKeyRef))
    return pick(values, configMapKeyRef, `ConfigMap ${namespace}/${configMapKeyRef.name}`)
  }
  if (secretKeyRef !== undefined) {
    const values = secretText(await secretOf(sources, namespace, secretKeyRef))
    return pick(values, secretKeyRef, `Secret ${namespace}/${secretKeyRef.name}`)
  }
  throw refuse('an env valueFrom names no source that is supported')
}

/** Binary values cannot be variables. */
function textOf(configMap: ConfigMap | undefined): Values {
  return new Map(Object.entries(configMap?.data ?? {}))
}

function secretText(secret: Secret | undefined): Values {
  const values = secret === undefined ? [] : [...secretBytes(secret)]
  return new Map(values.map(([key, bytes]) => [key, bytes.toString()]))
}

interface KeyReference {
  readonly key: string
  readonly optional?: boolean
}

function pick(values: Values, { key, optional }: KeyReference, where: string): string | undefined {
  const value = values.get(key)
  if (value !== undefined || optional === true) return value
  throw refuse(`couldn't find key ${key} in ${where}`)
}

function namespaceOf({ metadata }: Pod): string {
  return metadata.namespace ?? ''
}

function refuse(message: string): StartFailure {
  return new StartFailure('config', 'CreateContainerConfigError', message)
}
