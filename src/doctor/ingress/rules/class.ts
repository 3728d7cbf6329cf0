import { ingressClassAnnotation } from '../../../api/kinds/ingress-spec/validate.ts'
import { mostResembling } from '../../../base/resemblance.ts'
import { patchCommand } from '../../commands.ts'
import { isServed } from '../facts.ts'
import type { IngressRule } from './rule.ts'

/** The class that every cluster has. */
const ownClass = 'portolan'

/** Nobody serves the Ingress, or somebody else does: for want of a class, or by its class. */
export const ingressClass: IngressRule = (facts) => {
  if (isServed(facts)) return []
  const { ingress, objects } = facts
  const { metadata, spec } = ingress
  const name = spec.ingressClassName ?? metadata.annotations?.[ingressClassAnnotation] ?? ''
  const names = objects.classes.map((each) => each.metadata.name).sort()
  const found = objects.classes.find((each) => each.metadata.name === name)
  const meant = mostResembling(name, names) ?? ownClass
  const evidence = [
    `spec.ingressClassName: ${name || 'none'}`,
    found === undefined ? `IngressClasses: ${names.join(', ') || 'none'}` : `IngressClass ${name} is for ${found.spec.controller}`,
  ]
  if (name === '') {
    return [{
      reason: 'IngressClassMissing',
      cause: 'The Ingress has no class, so nobody serves it: it names none, and when it was made it got no default one',
      evidence,
      fix: `give it the class ${meant}`,
      command: patchCommand('ingress', ingress, { spec: { ingressClassName: meant } }),
    }]
  }
  return [{
    reason: found === undefined ? 'IngressClassUnknown' : 'IngressClassForeign',
    cause: found === undefined
      ? `There is no IngressClass ${name}, so nobody serves the Ingress`
      : `The class ${name} is for the controller ${found.spec.controller}, which is not that of this cluster`,
    evidence,
    fix: found === undefined ? `give it the class ${meant}` : `give it the class ${ownClass}, or run that controller`,
    command: patchCommand('ingress', ingress, { spec: { ingressClassName: found === undefined ? meant : ownClass } }),
  }]
}
