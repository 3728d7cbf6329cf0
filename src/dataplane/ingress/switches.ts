import type { IngressClass } from '../../api/kinds/ingress-class.ts'
import { annotationPrefix } from './annotations.ts'
import { controllerName } from './classes.ts'
import type { MainSettings } from './main-text.ts'

/** What annotations of our IngressClasses switch on, beside what is on anyhow. */
export function switchesOf(classes: readonly IngressClass[], settings: MainSettings): Pick<MainSettings, 'accessLog' | 'metrics'> {
  const isOn = (name: string) =>
    classes.some(({ metadata, spec }) => spec.controller === controllerName && metadata.annotations?.[annotationPrefix + name] === 'true')
  const { metricsAt, metrics = isOn('metrics') ? metricsAt : undefined } = settings
  return { accessLog: settings.accessLog || isOn('access-log'), ...(metrics === undefined ? {} : { metrics }) }
}
