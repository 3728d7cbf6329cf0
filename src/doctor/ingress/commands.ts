import type { Ingress } from '../../api/kinds/ingress.ts'
import { inNamespace } from '../commands.ts'

/** `kubectl patch` that replaces one value of an Ingress; the field as in `spec.rules[0].host`. */
export function replaceCommand(ingress: Ingress, field: string, value: unknown): string {
  const path = `/${field.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`
  const patch = JSON.stringify([{ op: 'replace', path, value }])
  return `kubectl patch ingress ${ingress.metadata.name}${inNamespace(ingress)} --type=json -p '${patch}'`
}

export function editCommand(ingress: Ingress): string {
  return `kubectl edit ingress ${ingress.metadata.name}${inNamespace(ingress)}`
}
