import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import { expand } from './expand.ts'
import { fieldValue, resourceValue, UnknownField, type DownwardFacts } from './field-values.ts'
import { hostnameOf } from './hostname.ts'
import { serviceVariables } from './service-env.ts'
import type { PodSources } from './sources.ts'
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
  const namespace = pod.metadata.namespace ?? ''
  const fromServices = serviceVariables(services, namespace, pod.spec.enableServiceLinks ?? true)
  const variables = new Map(fromServices)
  for (const from of spec.envFrom ?? []) {
    for (const [name, value] of await valuesFrom(inputs, from)) variables.set(name, value)
  }
  for (const { name, value = '', valueFrom } of spec.env ?? []) {
    const resolved = valueFrom === undefined ? expand(value, variables) : await resolve(inputs, valueFrom)
    if (resolved !== undefined) variables.set(name, resolved)
  }
  return new Map([['HOSTNAME', hostnameOf(pod)], ...variables])
}

async function valuesFrom({ pod, sources }: EnvironmentInputs, from: EnvFrom): Promise<[string, string][]> {
  const namespace = pod.metadata.namespace ?? ''
  const { configMapRef, secretRef, prefix = '' } = from
  const data =
    configMapRef !== undefined
      ? await sources.configMap(namespace, configMapRef.name ?? '', configMapRef.optional ?? false)
      : secretRef === undefined
        ? undefined
        : await sources.secret(namespace, secretRef.name ?? '', secretRef.optional ?? false)
  if (data === undefined) return []
  return [...data]
    .map(([key, value]): [string, string] => [`${prefix}${key}`, value.toString()])
    .filter(([name]) => isVariableName(name))
}

/** Names may be any printable ASCII without `=` (KEP-4369). */
function isVariableName(name: string): boolean {
  return /^[ -<>-~]+$/.test(name)
}

/** Undefined if an optional source is not there: the variable is then left out. */
async function resolve(inputs: EnvironmentInputs, from: EnvVarSource): Promise<string | undefined> {
  const { pod, spec, sources, facts } = inputs
  const namespace = pod.metadata.namespace ?? ''
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = from
  try {
    if (fieldRef !== undefined) return fieldValue(pod, fieldRef, facts)
    if (resourceFieldRef !== undefined) return resourceValue(pod, resourceFieldRef, spec.name, facts)
  } catch (error) {
    if (error instanceof UnknownField) throw new StartFailure('config', 'CreateContainerConfigError', error.message)
    throw error
  }
  if (configMapKeyRef !== undefined) {
    const { name = '', key, optional = false } = configMapKeyRef
    const data = await sources.configMap(namespace, name, optional)
    return pick(data, key, optional, `couldn't find key ${key} in ConfigMap ${namespace}/${name}`)
  }
  if (secretKeyRef !== undefined) {
    const { name = '', key, optional = false } = secretKeyRef
    const data = await sources.secret(namespace, name, optional)
    return pick(data, key, optional, `couldn't find key ${key} in Secret ${namespace}/${name}`)
  }
  throw new StartFailure('config', 'CreateContainerConfigError', 'an env valueFrom names no source that is supported')
}

function pick(
  data: ReadonlyMap<string, Buffer> | undefined,
  key: string,
  optional: boolean,
  problem: string,
): string | undefined {
  const value = data?.get(key)
  if (value !== undefined) return value.toString()
  if (optional) return undefined
  throw new StartFailure('config', 'CreateContainerConfigError', problem)
}
