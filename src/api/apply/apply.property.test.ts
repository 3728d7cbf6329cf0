import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isStatus } from '../errors.ts'
import type { JsonObject } from '../patch/json-object.ts'
import { readSchema } from '../schema/schema-file.ts'
import { fieldsSetBy, withNamedFields } from './fields-of.ts'
import { describePaths, difference, isEmptySet } from './field-set.ts'
import { ownable } from './ownership.ts'
import { structuralType } from './structural-type.ts'
import { Trial } from './trial.ts'

const deployment = structuralType(readSchema(), 'V1Deployment')

const value = fc.constantFrom('u', 'v')
const optional = { requiredKeys: [] }
/** Lists are not empty: an empty one sets nothing, and nobody owns it. */
const minLength = 1
const variable = fc.record({ name: fc.constantFrom('A', 'B', 'C'), value })
const env = fc.uniqueArray(variable, { minLength, selector: ({ name }) => name })
const port = fc.record({ containerPort: fc.constantFrom(80, 81), protocol: fc.constantFrom('TCP', 'UDP') })
const ports = fc.uniqueArray(port, { minLength, selector: (item) => `${item.containerPort}/${item.protocol}` })
const container = fc.record(
  { name: fc.constantFrom('a', 'b', 'c'), image: value, command: fc.array(value, { minLength }), env, ports },
  { requiredKeys: ['name'] },
)
const podSpec = fc.record(
  {
    containers: fc.uniqueArray(container, { minLength, selector: ({ name }) => name }),
    nodeSelector: fc.dictionary(fc.constantFrom('k', 'l'), value),
    hostname: value,
  },
  optional,
)
const spec = fc.record({ replicas: fc.constantFrom(1, 2), template: fc.record({ spec: podSpec }, optional) }, optional)
const finalizers = fc.uniqueArray(fc.constantFrom('a/a', 'b/b', 'c/c'), { minLength })
const labels = fc.dictionary(fc.constantFrom('k', 'l', 'm'), value)
const metadata = fc.record({ name: fc.constant('x'), labels, finalizers }, { requiredKeys: ['name'] })
const config = fc.record({ metadata, spec }, { requiredKeys: ['metadata'] }) as fc.Arbitrary<JsonObject>

const step = fc.record({ manager: fc.constantFrom('a', 'b'), config, force: fc.boolean(), isUpdate: fc.boolean() })
const history = fc.array(step, { maxLength: 8 })

/** A Deployment after any writes, conflicts left out. */
function after(steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]): Trial {
  const trial = new Trial('apps/v1', 'Deployment')
  for (const { manager, config, force, isUpdate } of steps) {
    if (isUpdate) trial.update(manager, config)
    else tryApply(trial, manager, config, force)
  }
  return trial
}

/** False for a conflict. */
function tryApply(trial: Trial, manager: string, config: JsonObject, force: boolean): boolean {
  return conflictsOf(trial, manager, config, force).length === 0
}

/** The conflicting fields; none if the apply went through. */
function conflictsOf(trial: Trial, manager: string, config: JsonObject, force = false): string[] {
  try {
    trial.apply(manager, config, { force })
    return []
  } catch (error) {
    if (!isStatus(error, 'Conflict')) throw error
    return error.status.details?.causes?.map(({ field = '' }) => field) ?? []
  }
}

/** Whether the object has every field of the configuration with its value; items in any place. */
function holds(object: unknown, config: unknown): boolean {
  if (Array.isArray(config)) {
    return Array.isArray(object) && config.every((item) => object.some((other) => holds(other, item)))
  }
  if (typeof config !== 'object' || config === null) return object === config
  if (typeof object !== 'object' || object === null) return false
  return Object.entries(config).every(([key, item]) => isBare(item) || holds(Reflect.get(object, key), item))
}

/** Empty objects and lists set nothing in an object that has them already. */
function isBare(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

test('what was applied is there afterwards, and its applier owns it', () => {
  fc.assert(
    fc.property(history, config, (steps, applied) => {
      const trial = after(steps)
      trial.apply('me', applied, { force: true })
      expect(holds(trial.object, applied)).toBe(true)
      const owned = trial.fieldsOf('me Apply')
      expect(isEmptySet(difference(ownable(fieldsSetBy(applied, deployment)), owned))).toBe(true)
    }),
  )
})

test('applying the same again changes nothing at all', () => {
  fc.assert(
    fc.property(history, config, (steps, applied) => {
      const trial = after(steps)
      trial.apply('me', applied, { force: true })
      const once = trial.object
      trial.apply('me', applied)
      expect(trial.object).toEqual(once)
    }),
  )
})

test('two appliers never lose each other\'s fields', () => {
  fc.assert(
    fc.property(history, config, config, config, (steps, mine, yours, later) => {
      const trial = after(steps)
      if (!tryApply(trial, 'me', mine, true) || !tryApply(trial, 'you', yours, false)) return
      const before = trial.fieldsOf('you Apply')
      if (!tryApply(trial, 'me', later, false)) return
      expect(trial.fieldsOf('you Apply')).toEqual(before)
      expect(holds(trial.object, yours)).toBe(true)
    }),
  )
})

test('a conflict names fields of the configuration, and changes nothing', () => {
  fc.assert(
    fc.property(history, config, (steps, applied) => {
      const trial = after(steps)
      const before = trial.object
      const named = conflictsOf(trial, 'me', applied)
      const wanted = describePaths(withNamedFields(fieldsSetBy(applied, deployment), deployment))
      expect(named.filter((path) => !wanted.includes(path))).toEqual([])
      expect(named.length === 0 || trial.object === before).toBe(true)
    }),
  )
})

test('applying nothing gives up everything', () => {
  fc.assert(
    fc.property(config, (applied) => {
      const trial = new Trial('apps/v1', 'Deployment')
      trial.apply('me', applied)
      trial.apply('me', { metadata: { name: 'x' } })
      expect(trial.owned).toEqual({})
      const left = fieldsSetBy(JSON.parse(JSON.stringify(trial.object)) as JsonObject, deployment)
      expect(isEmptySet(difference(ownable(left), { 'f:spec': {} }))).toBe(true)
    }),
  )
})
