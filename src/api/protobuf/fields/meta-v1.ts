/** What all groups share, of `k8s.io/apimachinery/pkg/apis/meta/v1`. */
import type { FieldNumbers } from '../field-numbers.ts'

export const metaV1Fields: FieldNumbers = {
  V1Condition: '1:type! 2:status! 3:observedGeneration 4:lastTransitionTime 5:reason! 6:message!',
  V1DeleteOptions: `
    1:gracePeriodSeconds! 2:preconditions 3:orphanDependents! 4:propagationPolicy! 5:dryRun
    6:ignoreStoreReadErrorWithClusterBreakingPotential!`,
  V1LabelSelector: '1:matchLabels 2:matchExpressions',
  V1LabelSelectorRequirement: '1:key! 2:operator! 3:values',
  V1ManagedFieldsEntry: '1:manager 2:operation 3:apiVersion 4:time 6:fieldsType 7:fieldsV1 8:subresource',
  V1ObjectMeta: `
    1:name 2:generateName 3:namespace 4:selfLink 5:uid 6:resourceVersion 7:generation 8:creationTimestamp
    9:deletionTimestamp 10:deletionGracePeriodSeconds! 11:labels 12:annotations 13:ownerReferences 14:finalizers
    17:managedFields`,
  V1OwnerReference: '1:kind! 3:name! 4:uid! 5:apiVersion! 6:controller! 7:blockOwnerDeletion!',
  V1Preconditions: '1:uid! 2:resourceVersion!',
}
