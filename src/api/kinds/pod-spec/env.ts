import { invalid, required, type FieldError } from '../../field-error.ts'
import { isConfigMapKey, isEnvVarName } from '../../names.ts'
import { checked, validateSubdomain } from '../values.ts'
import { envFieldPaths, validateFieldReference, validateResourceReference } from './field-references.ts'
import type { EnvFromSource, EnvVar } from './types.ts'

export function validateEnv(variables: readonly EnvVar[], path: string): FieldError[] {
  return variables.flatMap((variable, index) => validateVariable(variable, `${path}[${index}]`))
}

/** Problems of the sources of whole sets of variables. */
export function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap((source, index) => validateSource(source, path, `${path}[${index}]`))
}

function validateVariable({ name = '', value = '', valueFrom }: EnvVar, path: string): FieldError[] {
  const nameErrors = name === '' ? [required(`${path}.name`)] : checked(name, `${path}.name`, isEnvVarName)
  if (valueFrom === undefined) return nameErrors
  return [...nameErrors, ...validateValueFrom(valueFrom, value, `${path}.valueFrom`)]
}

type ValueFrom = NonNullable<EnvVar['valueFrom']>

function validateValueFrom(from: ValueFrom, value: string, path: string): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = from
  const errors = [
    ...(fieldRef === undefined ? [] : validateFieldReference(fieldRef, envFieldPaths, `${path}.fieldRef`)),
    ...(resourceFieldRef === undefined
      ? []
      : validateResourceReference(resourceFieldRef, false, `${path}.resourceFieldRef`)),
    ...(configMapKeyRef === undefined ? [] : validateKeyReference(configMapKeyRef, `${path}.configMapKeyRef`)),
    ...(secretKeyRef === undefined ? [] : validateKeyReference(secretKeyRef, `${path}.secretKeyRef`)),
  ]
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef].filter((ref) => ref !== undefined).length
  const problem = sourceProblem(count, value)
  return problem === undefined ? errors : [...errors, invalid(path, '', problem)]
}

function sourceProblem(count: number, value: string): string | undefined {
  if (count === 0) return 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'
  if (value !== '') return 'may not be specified when `value` is not empty'
  return count > 1 ? 'may not have more than one field specified at a time' : undefined
}

function validateKeyReference(
  { name = '', key = '' }: { name?: string | undefined; key?: string | undefined },
  path: string,
): FieldError[] {
  const keyErrors = key === '' ? [required(`${path}.key`)] : checked(key, `${path}.key`, isConfigMapKey)
  return [...validateSubdomain(name, `${path}.name`), ...keyErrors]
}

function validateSource(source: EnvFromSource, list: string, path: string): FieldError[] {
  const { prefix = '', configMapRef, secretRef } = source
  const errors = [
    ...(prefix === '' ? [] : checked(prefix, `${path}.prefix`, isEnvVarName)),
    ...(configMapRef === undefined ? [] : validateObjectName(configMapRef.name ?? '', `${path}.configMapRef.name`)),
    ...(secretRef === undefined ? [] : validateObjectName(secretRef.name ?? '', `${path}.secretRef.name`)),
  ]
  if (configMapRef === undefined && secretRef === undefined) {
    return [...errors, invalid(list, '', 'must specify one of: `configMapRef` or `secretRef`')]
  }
  if (configMapRef === undefined || secretRef === undefined) return errors
  return [...errors, invalid(list, '', 'may not have more than one field specified at a time')]
}

function validateObjectName(name: string, path: string): FieldError[] {
  return name === '' ? [required(path)] : validateSubdomain(name, path)
}
