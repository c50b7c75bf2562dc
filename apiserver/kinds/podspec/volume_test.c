/* SPDX-License-Identifier: Apache-2.0 */
/* Every source of volumes. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void volume_causes(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'A_','emptyDir':{}},{'emptyDir':{}},{'name':'v'},{'name':'v'}]"),
		 "spec.volumes[0].name: Invalid value: \"A_\": a lowercase RFC 1123 label must consist …\n"
		 "spec.volumes[1].name: Required value\n"
		 "spec.volumes[3].name: Duplicate value: \"v\"\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','emptyDir':{'sizeLimit':'-1'}}]"),
		 "spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','hostPath':{}}]"),
		 "spec.volumes[0].hostPath.path: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','hostPath':{'path':'/a/../b','type':'x'}}]"),
		 "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'\n"
		 "spec.volumes[0].hostPath.type: Unsupported value: \"x\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','gitRepo':{'directory':'/../a'}}]"),
		 "spec.volumes[0].gitRepo.directory: Invalid value: \"/../a\": must be a relative path\n"
		 "spec.volumes[0].gitRepo.directory: Invalid value: \"/../a\": must not contain '..'\n"
		 "spec.volumes[0].gitRepo.repository: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','gcePersistentDisk':{'partition':256}}]"),
		 "spec.volumes[0].persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive\n"
		 "spec.volumes[0].persistentDisk.pdName: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','awsElasticBlockStore':{'partition':-1}}]"),
		 "spec.volumes[0].awsElasticBlockStore.partition: Invalid value: -1: must be between 1 and 255, inclusive\n"
		 "spec.volumes[0].awsElasticBlockStore.volumeID: Required value\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','secret':{'defaultMode':512,'items':[{},{'key':'a','path':'/..','mode':512}]}}]"),
		 "spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive\n"
		 "spec.volumes[0].secret.items[0].key: Required value\n"
		 "spec.volumes[0].secret.items[0].path: Required value\n"
		 "spec.volumes[0].secret.items[1].mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive\n"
		 "spec.volumes[0].secret.items[1].path: Invalid value: \"/..\": must be a relative path\n"
		 "spec.volumes[0].secret.items[1].path: Invalid value: \"/..\": must not contain '..'\n"
		 "spec.volumes[0].secret.secretName: Required value\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','configMap':{'defaultMode':-1,'items':[{'key':'a','path':'..'}]}}]"),
		 "spec.volumes[0].configMap.defaultMode: Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive\n"
		 "spec.volumes[0].configMap.items[0].path: Invalid value: \"..\": must not contain '..'\n"
		 "spec.volumes[0].configMap.items[0].path: Invalid value: \"..\": must not start with '..'\n"
		 "spec.volumes[0].configMap.name: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','nfs':{}}]"),
		 "spec.volumes[0].nfs.path: Invalid value: \"\": must be an absolute path\n"
		 "spec.volumes[0].nfs.path: Required value\n"
		 "spec.volumes[0].nfs.server: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','nfs':{'server':'a','path':'b'}}]"),
		 "spec.volumes[0].nfs.path: Invalid value: \"b\": must be an absolute path\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','iscsi':{}}]"),
		 "spec.volumes[0].iscsi.iqn: Required value\n"
		 "spec.volumes[0].iscsi.targetPortal: Required value\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','iscsi':{'targetPortal':'a','iqn':'x','lun':256,'chapAuthSession':true,'initiatorName':'y'}}]"),
		 "spec.volumes[0].iscsi.initiatorname: Invalid value: \"y\": must be valid format starting with iqn, eui, or naa\n"
		 "spec.volumes[0].iscsi.iqn: Invalid value: \"x\": must be valid format starting with iqn, eui, or naa\n"
		 "spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive\n"
		 "spec.volumes[0].iscsi.secretRef: Required value\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','iscsi':{'targetPortal':'a','iqn':'iqn.2015-02.example.com:test','initiatorName':'iqn.2015-02'}}]"),
		 "spec.volumes[0].iscsi.initiatorname: Invalid value: \"iqn.2015-02\": must be valid format\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','iscsi':{'targetPortal':'a','iqn':'eui.0123456789ABCDEF','initiatorName':'naa.62004567BA64678D0123456789ABCDEF'}}]"),
		 ""},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','iscsi':{'targetPortal':'a','iqn':'eui.0123','initiatorName':'naa.62'}}]"),
		 "spec.volumes[0].iscsi.initiatorname: Invalid value: \"naa.62\": must be valid format\n"
		 "spec.volumes[0].iscsi.iqn: Invalid value: \"eui.0123\": must be valid format\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','iscsi':{'targetPortal':'0123456789012345678901234567890123456789012345678901234567890123456789','iqn':'eui.0123456789ABCDEF','initiatorName':'eui.0123456789ABCDEF'}}]"),
		 "spec.volumes[0].name: Invalid value: \"v\": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','glusterfs':{}}]"),
		 "spec.volumes[0].glusterfs.endpoints: Required value\n"
		 "spec.volumes[0].glusterfs.path: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','flocker':{}}]"),
		 "spec.volumes[0].flocker: Required value: one of datasetName and datasetUUID is required\n"},
		{CAUSES_POD("",
			    ",'volumes':[{'name':'v','flocker':{'datasetName':'a/b','datasetUUID':'c'}}]"),
		 "spec.volumes[0].flocker.datasetName: Invalid value: \"a/b\": must not contain '/'\n"
		 "spec.volumes[0].flocker: Invalid value: \"resource\": datasetName and datasetUUID can not be specified simultaneously\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','persistentVolumeClaim':{}}]"),
		 "spec.volumes[0].persistentVolumeClaim.claimName: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','rbd':{}}]"),
		 "spec.volumes[0].rbd.image: Required value\n"
		 "spec.volumes[0].rbd.monitors: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','cinder':{'secretRef':{}}}]"),
		 "spec.volumes[0].cinder.secretRef.name: Required value\n"
		 "spec.volumes[0].cinder.volumeID: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','cephfs':{}}]"),
		 "spec.volumes[0].cephfs.monitors: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','quobyte':{}}]"),
		 "spec.volumes[0].quobyte.registry: Required value: must be a host:port pair or multiple pairs separated by commas\n"
		 "spec.volumes[0].quobyte.volume: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','quobyte':{'registry':'a:1,b','volume':'v'}}]"),
		 "spec.volumes[0].quobyte.registry: Invalid value: \"a:1,b\": must be a host:port pair or multiple pairs separated by commas\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','quobyte':{'registry':'[::1]:1','volume':'v','tenant':'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}}]"),
		 "spec.volumes[0].quobyte.tenant: Required value: must be a UUID and may not exceed a length of 64 characters\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','fc':{}}]"),
		 "spec.volumes[0].fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','fc':{'targetWWNs':['a'],'wwids':['b']}}]"),
		 "spec.volumes[0].fc.lun: Required value: lun is required if targetWWNs is specified\n"
		 "spec.volumes[0].fc.targetWWNs: Invalid value: [\"a\"]: targetWWNs and wwids can not be specified simultaneously\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','fc':{'targetWWNs':['a'],'lun':256}}]"),
		 "spec.volumes[0].fc.lun: Invalid value: 256: must be between 0 and 255, inclusive\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','fc':{'wwids':['a'],'lun':256}}]"), ""},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','flexVolume':{'options':{'kubernetes.io/a':'b','x.K8s.io':'c','d':'e'}}}]"),
		 "spec.volumes[0].flexVolume.driver: Required value\n"
		 "spec.volumes[0].flexVolume.options[kubernetes.io/a]: Invalid value: \"kubernetes.io/a\": kubernetes.io and k8s.io namespaces are reserved\n"
		 "spec.volumes[0].flexVolume.options[x.K8s.io]: Invalid value: \"x.K8s.io\": kubernetes.io and k8s.io namespaces are reserved\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','azureFile':{}}]"),
		 "spec.volumes[0].azureFile.secretName: Required value\n"
		 "spec.volumes[0].azureFile.shareName: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','vsphereVolume':{}}]"),
		 "spec.volumes[0].vsphereVolume.volumePath: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','photonPersistentDisk':{}}]"),
		 "spec.volumes[0].photonPersistentDisk.pdID: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','portworxVolume':{}}]"),
		 "spec.volumes[0].portworxVolume.volumeID: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','azureDisk':{}}]"),
		 "spec.volumes[0].azureDisk.diskName: Required value\n"
		 "spec.volumes[0].azureDisk.diskURI: Required value\n"
		 "spec.volumes[0].azureDisk.diskURI: Unsupported value: \"\": supported values: \"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd\"\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','azureDisk':{'diskName':'a','diskURI':'x','kind':'Managed','cachingMode':'x'}}]"),
		 "spec.volumes[0].azureDisk.cachingMode: Unsupported value: \"x\": supported values: \"None\", \"ReadOnly\", \"ReadWrite\"\n"
		 "spec.volumes[0].azureDisk.diskURI: Unsupported value: \"x\": supported values: \"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}\"\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','azureDisk':{'diskName':'a','diskURI':'https://a','kind':'x'}}]"),
		 "spec.volumes[0].azureDisk.kind: Unsupported value: \"x\": supported values: \"Dedicated\", \"Managed\", \"Shared\"\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','storageos':{'secretRef':{}}}]"),
		 "spec.volumes[0].storageos.secretRef.name: Required value\n"
		 "spec.volumes[0].storageos.volumeName: Required value\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','storageos':{'volumeName':'A_','volumeNamespace':'B_'}}]"),
		 "spec.volumes[0].storageos.volumeName: Invalid value: \"A_\": a lowercase RFC 1123 label must consist …\n"
		 "spec.volumes[0].storageos.volumeNamespace: Invalid value: \"B_\": a lowercase RFC 1123 label must consist …\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','scaleIO':{}}]"),
		 "spec.volumes[0].scaleIO.gateway: Required value\n"
		 "spec.volumes[0].scaleIO.system: Required value\n"
		 "spec.volumes[0].scaleIO.volumeName: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','csi':{}}]"),
		 "spec.volumes[0].csi.driver: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.volumes[0].csi.driver: Required value\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','csi':{'driver':'A_','nodePublishSecretRef':{}}}]"),
		 "spec.volumes[0].csi.driver: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.volumes[0].csi.nodePublishSecretRef.name: Required value\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','csi':{'driver':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA','nodePublishSecretRef':{'name':'A_'}}}]"),
		 "spec.volumes[0].csi.driver: Too long: may not be more than 63 bytes\n"
		 "spec.volumes[0].csi.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"},
		{CAUSES_POD("", ",'volumes':[{'name':'v','emptyDir':{},'hostPath':{},'secret':{}}]"),
		 "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type\n"
		 "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type\n"},
		{CAUSES_POD(
			 "",
			 ",'volumes':[{'name':'v','secret':{},'gitRepo':{'repository':'a'},'cephfs':{},'downwardAPI':{}}]"),
		 "spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type\n"
		 "spec.volumes[0].downwarAPI: Forbidden: may not specify more than 1 volume type\n"
		 "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type\n"},
	};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(volume_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
