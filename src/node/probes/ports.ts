import type { IntOrString } from '../../api/object.ts'
import type { ContainerSpec } from '../pods/spec.ts'

/** The number of a port that a probe or hook gives as number or by name. Throws `RangeError`. */
export function resolvePort({ name, ports = [] }: ContainerSpec, port: IntOrString): number {
  const named = ports.find((known) => known.name === port)?.containerPort
  const number = named ?? Number(port)
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number
  throw new RangeError(`container ${name} has no port ${JSON.stringify(port)}`)
}
