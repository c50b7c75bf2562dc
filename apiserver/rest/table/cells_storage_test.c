/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get -o wide` shows of the kinds of storage.k8s.io. */
#include "rest/table/cells_rig_test.h"

#define OF(kind) "storage.k8s.io", kind
static const struct cells_case rows[] = {
	{OF("StorageClass"),
	 "{'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z','annotations':{'storageclass.kubernetes.io/is-default-class':'true'}},"
	 "'provisioner':'p','reclaimPolicy':'Delete','volumeBindingMode':'Immediate','allowVolumeExpansion':true}",
	 "'x (default)','p','Delete','Immediate',true,'4m5s'"},
	{OF("StorageClass"),
	 "{'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z','annotations':{'storageclass.beta.kubernetes.io/is-default-class':"
	 "'false'}},'provisioner':'p','reclaimPolicy':'Retain','volumeBindingMode':'WaitForFirstConsumer'}",
	 "'x','p','Retain','WaitForFirstConsumer',false,'4m5s'"},
	{OF("VolumeAttributesClass"), "{" META ",'driverName':'d'}", "'x','d','4m5s'"},
	{OF("CSIDriver"),
	 "{" META
	 ",'spec':{'attachRequired':true,'podInfoOnMount':false,'storageCapacity':true,'requiresRepublish':false,'tokenRequests':["
	 "{'audience':'a'},{'audience':''},{'audience':'c'}],'volumeLifecycleModes':['Persistent','Ephemeral']}}",
	 "'x',true,false,true,'a,,c',false,'Persistent,Ephemeral','4m5s'"},
	{OF("CSIDriver"),
	 "{" META
	 ",'spec':{'attachRequired':false,'podInfoOnMount':true,'storageCapacity':false,'requiresRepublish':true}}",
	 "'x',false,true,false,'<unset>',true,'<none>','4m5s'"},
	{OF("VolumeAttachment"),
	 "{" META
	 ",'spec':{'attacher':'a','source':{'persistentVolumeName':'v'},'nodeName':'n'},'status':{'attached':true}}",
	 "'x','a','v','n',true,'4m5s'"},
	{OF("VolumeAttachment"),
	 "{" META
	 ",'spec':{'attacher':'a','source':{'inlineVolumeSpec':{}},'nodeName':'n'},'status':{'attached':false}}",
	 "'x','a','','n',false,'4m5s'"},
	{OF("CSINode"), "{" META ",'spec':{'drivers':[{'name':'a'},{'name':'b'}]}}", "'x',2,'4m5s'"},
	{OF("CSIStorageCapacity"), "{" META ",'storageClassName':'c','capacity':'1Gi'}", "'x','c','1Gi'"},
	{OF("CSIStorageCapacity"), "{" META ",'storageClassName':'c'}", "'x','c','<unset>'"},
};

static void test_rows(void **state)
{
	cells_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
	return cmocka_run_group_tests(tests, cells_load, cells_unload);
}
