import { parseQuantity, QuantityError } from '../../quantity.ts'
import type { Container, PodSpec } from './types.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const computeResources = ['cpu', 'memory'] as const

/**
 * How well a pod is shielded from others: `Guaranteed` if every container asks for exactly what it is limited to,
 * `BestEffort` if none asks for anything. Requests have been filled in from limits.
 */
export function qosClassOf({ initContainers = [], containers = [] }: PodSpec): QosClass {
  const all = [...initContainers, ...containers]
  if (all.every(asksForNothing)) return 'BestEffort'
  return all.every(asksForItsLimits) ? 'Guaranteed' : 'Burstable'
}

function asksForNothing({ resources: { limits = {}, requests = {} } = {} }: Container): boolean {
  return computeResources.every((name) => !isPositive(limits[name]) && !isPositive(requests[name]))
}

function asksForItsLimits({ resources: { limits = {}, requests = {} } = {} }: Container): boolean {
  return computeResources.every((name) => isPositive(limits[name]) && isEqual(limits[name], requests[name]))
}

function isPositive(quantity: string | undefined): boolean {
  return nanosOf(quantity) > 0n
}

function isEqual(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && nanosOf(a) === nanosOf(b)
}

/** Zero for what is no quantity: validation refuses it afterwards. */
function nanosOf(quantity: string | undefined): bigint {
  try {
    return quantity === undefined ? 0n : parseQuantity(quantity).nanos
  } catch (error) {
    if (error instanceof QuantityError) return 0n
    throw error
  }
}
