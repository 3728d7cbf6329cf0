/** Volumes of pods, of `k8s.io/api/core/v1`. */
import type { FieldNumbers } from '../field-numbers.ts'

export const volumesFields: FieldNumbers = {
  V1AWSElasticBlockStoreVolumeSource: '1:volumeID! 2:fsType 3:partition 4:readOnly',
  V1AzureDiskVolumeSource: '1:diskName! 2:diskURI! 3:cachingMode! 4:fsType! 5:readOnly! 6:kind!',
  V1AzureFileVolumeSource: '1:secretName! 2:shareName! 3:readOnly',
  V1CSIVolumeSource: '1:driver! 2:readOnly! 3:fsType! 4:volumeAttributes 5:nodePublishSecretRef',
  V1CephFSVolumeSource: '1:monitors 2:path 3:user 4:secretFile 5:secretRef 6:readOnly',
  V1CinderVolumeSource: '1:volumeID! 2:fsType 3:readOnly 4:secretRef',
  V1ClusterTrustBundleProjection: '1:name! 2:signerName! 3:labelSelector 4:path! 5:optional!',
  V1ConfigMapProjection: '1(1:name) 2:items 4:optional!',
  V1ConfigMapVolumeSource: '1(1:name) 2:items 3:defaultMode! 4:optional!',
  V1DownwardAPIProjection: '1:items',
  V1DownwardAPIVolumeFile: '1:path! 2:fieldRef 3:resourceFieldRef 4:mode!',
  V1DownwardAPIVolumeSource: '1:items 2:defaultMode!',
  V1EmptyDirVolumeSource: '1:medium 2:sizeLimit',
  V1EphemeralVolumeSource: '1:volumeClaimTemplate',
  V1FCVolumeSource: '1:targetWWNs 2:lun! 3:fsType 4:readOnly 5:wwids',
  V1FlexVolumeSource: '1:driver! 2:fsType 3:secretRef 4:readOnly 5:options',
  V1FlockerVolumeSource: '1:datasetName 2:datasetUUID',
  V1GCEPersistentDiskVolumeSource: '1:pdName! 2:fsType 3:partition 4:readOnly',
  V1GitRepoVolumeSource: '1:repository! 2:revision 3:directory',
  V1GlusterfsVolumeSource: '1:endpoints! 2:path! 3:readOnly',
  V1HostPathVolumeSource: '1:path! 2:type!',
  V1ISCSIVolumeSource: `
    1:targetPortal! 2:iqn! 3:lun! 4:iscsiInterface 5:fsType 6:readOnly 7:portals 8:chapAuthDiscovery 10:secretRef
    11:chapAuthSession 12:initiatorName!`,
  V1ImageVolumeSource: '1:reference 2:pullPolicy',
  V1KeyToPath: '1:key! 2:path! 3:mode!',
  V1LocalObjectReference: '1:name',
  V1NFSVolumeSource: '1:server! 2:path! 3:readOnly',
  V1ObjectFieldSelector: '1:apiVersion 2:fieldPath!',
  V1PersistentVolumeClaimSpec: `
    1:accessModes 2:resources 3:volumeName 4:selector 5:storageClassName! 6:volumeMode! 7:dataSource 8:dataSourceRef
    9:volumeAttributesClassName!`,
  V1PersistentVolumeClaimTemplate: '1:metadata 2:spec',
  V1PersistentVolumeClaimVolumeSource: '1:claimName! 2:readOnly',
  V1PhotonPersistentDiskVolumeSource: '1:pdID! 2:fsType',
  V1PodCertificateProjection: `
    1:signerName 2:keyType 3:maxExpirationSeconds! 4:credentialBundlePath 5:keyPath 6:certificateChainPath
    7:userAnnotations`,
  V1PortworxVolumeSource: '1:volumeID! 2:fsType 3:readOnly',
  V1ProjectedVolumeSource: '1:sources 2:defaultMode!',
  V1QuobyteVolumeSource: '1:registry! 2:volume! 3:readOnly 4:user 5:group 6:tenant',
  V1RBDVolumeSource: '1:monitors 2:image! 3:fsType 4:pool 5:user 6:keyring 7:secretRef 8:readOnly',
  V1ResourceFieldSelector: '1:containerName 2:resource! 3:divisor',
  V1ScaleIOVolumeSource: `
    1:gateway! 2:system! 3:secretRef 4:sslEnabled 5:protectionDomain 6:storagePool 7:storageMode 8:volumeName
    9:fsType 10:readOnly`,
  V1SecretProjection: '1(1:name) 2:items 4:optional!',
  V1SecretVolumeSource: '1:secretName 2:items 3:defaultMode! 4:optional!',
  V1ServiceAccountTokenProjection: '1:audience 2:expirationSeconds! 3:path!',
  V1StorageOSVolumeSource: '1:volumeName 2:volumeNamespace 3:fsType 4:readOnly 5:secretRef',
  V1TypedLocalObjectReference: '1:apiGroup! 2:kind! 3:name!',
  V1TypedObjectReference: '1:apiGroup! 2:kind! 3:name! 4:namespace!',
  V1Volume: `
    1:name! 2(1:hostPath 2:emptyDir 3:gcePersistentDisk 4:awsElasticBlockStore 5:gitRepo 6:secret 7:nfs 8:iscsi
    9:glusterfs 10:persistentVolumeClaim 11:rbd 12:flexVolume 13:cinder 14:cephfs 15:flocker 16:downwardAPI 17:fc
    18:azureFile 19:configMap 20:vsphereVolume 21:quobyte 22:azureDisk 23:photonPersistentDisk 24:portworxVolume
    25:scaleIO 26:projected 27:storageos 28:csi 29:ephemeral 30:image)`,
  V1VolumeProjection: '1:secret 2:downwardAPI 3:configMap 4:serviceAccountToken 5:clusterTrustBundle 6:podCertificate',
  V1VolumeResourceRequirements: '1:limits 2:requests',
  V1VsphereVirtualDiskVolumeSource: '1:volumePath! 2:fsType 3:storagePolicyName 4:storagePolicyID',
}
