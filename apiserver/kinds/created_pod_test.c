/* SPDX-License-Identifier: Apache-2.0 */
/* What Pods and their templates have that their clients did not say, as created_test.c (pkg/apis/core/v1/defaults_test.go). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/created_test.h"

static void created(void **state)
{
	static const struct created_row rows[] = {
		{"", "Pod", POD "}}", PLAIN_POD},
		{"", "Pod", "{'spec':{'containers':[{'name':'c','image':'i:latest'}]}}", PLAIN_POD},
		{"", "Pod", "{'spec':{'containers':[{'name':'c','image':'i:1'}]}}",
		 "spec.containers[0].resources={}; "
		 "spec.containers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.containers[0].terminationMessagePolicy='File'; "
		 "spec.containers[0].imagePullPolicy='IfNotPresent'; " SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c',"
		 "'image':'i@sha256:0000000000000000000000000000000000000000000000000000000000000000'}]}}",
		 "spec.containers[0].resources={}; "
		 "spec.containers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.containers[0].terminationMessagePolicy='File'; "
		 "spec.containers[0].imagePullPolicy='IfNotPresent'; " SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c',"
		 "'image':'i:latest@sha256:0000000000000000000000000000000000000000000000000000000000000000'}]}}",
		 PLAIN_POD},
		{"", "Pod", "{'spec':{'containers':[{'name':'c','image':'reg:5000/i'}]}}", PLAIN_POD},
		{"", "Pod", "{'spec':{'containers':[{'name':'c','image':'reg:5000/i:v'}]}}",
		 "spec.containers[0].resources={}; "
		 "spec.containers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.containers[0].terminationMessagePolicy='File'; "
		 "spec.containers[0].imagePullPolicy='IfNotPresent'; " SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod", "{'spec':{'containers':[{'name':'c','image':'a/b/c:latest'}]}}", PLAIN_POD},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'1',"
		 "'memory':'1Gi'}}}]}}",
		 "spec.containers[0].resources.requests.cpu='1'; "
		 "spec.containers[0].resources.requests.memory='1Gi'; " MESSAGES("spec.containers[0].")
			 SPEC("spec.") PENDING("Guaranteed")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'1',"
		 "'memory':'1Gi'},'requests':{'cpu':'100m'}}}]}}",
		 "spec.containers[0].resources.requests.memory='1Gi'; " MESSAGES("spec.containers[0].")
			 SPEC("spec.") PENDING("Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i',"
		 "'resources':{'limits':{'hugepages-2Mi':'2Mi','cpu':1}}}]}}",
		 "spec.containers[0].resources.limits.cpu='1'; "
		 "spec.containers[0].resources.requests.hugepages-2Mi='2Mi'; "
		 "spec.containers[0].resources.requests.cpu='1'; " MESSAGES("spec.containers[0].")
			 SPEC("spec.") PENDING("Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i',"
		 "'resources':{'limits':{'a.b/c':'1'}}}]}}",
		 "spec.containers[0].resources.requests.a.b/c='1'; " MESSAGES("spec.containers[0].")
			 SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i',"
		 "'livenessProbe':{'httpGet':{'port':80}},'readinessProbe':{'tcpSocket':{'port':1}},"
		 "'startupProbe':{'grpc':{'port':1}}}]}}",
		 "spec.containers[0].resources={}; spec.containers[0].livenessProbe.httpGet.path='/'; "
		 "spec.containers[0].livenessProbe.httpGet.scheme='HTTP'; "
		 "spec.containers[0].livenessProbe.timeoutSeconds=1; "
		 "spec.containers[0].livenessProbe.periodSeconds=10; "
		 "spec.containers[0].livenessProbe.successThreshold=1; "
		 "spec.containers[0].livenessProbe.failureThreshold=3; "
		 "spec.containers[0].readinessProbe.timeoutSeconds=1; "
		 "spec.containers[0].readinessProbe.periodSeconds=10; "
		 "spec.containers[0].readinessProbe.successThreshold=1; "
		 "spec.containers[0].readinessProbe.failureThreshold=3; "
		 "spec.containers[0].startupProbe.grpc.service=''; "
		 "spec.containers[0].startupProbe.timeoutSeconds=1; "
		 "spec.containers[0].startupProbe.periodSeconds=10; "
		 "spec.containers[0].startupProbe.successThreshold=1; "
		 "spec.containers[0].startupProbe.failureThreshold=3; " MESSAGES("spec.containers[0].")
			 SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','livenessProbe':{'grpc':{'port':5,"
		 "'service':'x'}}}]}}",
		 "spec.containers[0].resources={}; spec.containers[0].livenessProbe.timeoutSeconds=1; "
		 "spec.containers[0].livenessProbe.periodSeconds=10; "
		 "spec.containers[0].livenessProbe.successThreshold=1; "
		 "spec.containers[0].livenessProbe.failureThreshold=3; " MESSAGES("spec.containers[0].")
			 SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i',"
		 "'livenessProbe':{'exec':{'command':['x']},'periodSeconds':3}}]}}",
		 "spec.containers[0].resources={}; spec.containers[0].livenessProbe.timeoutSeconds=1; "
		 "spec.containers[0].livenessProbe.successThreshold=1; "
		 "spec.containers[0].livenessProbe.failureThreshold=3; " MESSAGES("spec.containers[0].")
			 SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i',"
		 "'lifecycle':{'postStart':{'httpGet':{'port':1}},'preStop':{'httpGet':{'port':1,"
		 "'path':'/x','scheme':'HTTPS'}}}}]}}",
		 "spec.containers[0].resources={}; "
		 "spec.containers[0].lifecycle.postStart.httpGet.path='/'; "
		 "spec.containers[0].lifecycle.postStart.httpGet.scheme='HTTP'; " MESSAGES(
			 "spec.containers[0].") SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','ports':[{'containerPort':1},"
		 "{'containerPort':2,'protocol':'UDP'}]}]}}",
		 "spec.containers[0].ports[0].protocol='TCP'; " PLAIN_POD},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','env':[{'name':'a',"
		 "'valueFrom':{'fieldRef':{'fieldPath':'metadata.name'}}},{'name':'b',"
		 "'valueFrom':{'resourceFieldRef':{'resource':'limits.cpu'}}}]}]}}",
		 "spec.containers[0].env[0].valueFrom.fieldRef.apiVersion='v1'; "
		 "spec.containers[0].env[1].valueFrom.resourceFieldRef.divisor='0'; " PLAIN_POD},
		{"", "Pod", "{'spec':{'containers':[{'name':'c','image':'i','imagePullPolicy':'Never'}]}}",
		 "spec.containers[0].resources={}; "
		 "spec.containers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.containers[0].terminationMessagePolicy='File'; " SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod", "{'spec':{'containers':[{'name':'c','image':'i','securityContext':{}}]}}",
		 PLAIN_POD},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i',"
		 "'securityContext':{'procMount':'Default'}}]}}",
		 PLAIN_POD},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','terminationMessagePath':'/x'}]}}",
		 "spec.containers[0].resources={}; "
		 "spec.containers[0].terminationMessagePolicy='File'; "
		 "spec.containers[0].imagePullPolicy='Always'; " SPEC("spec.") PENDING("BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1'}},"
		 "'resizePolicy':[{'resourceName':'cpu','restartPolicy':'RestartContainer'}]}]}}",
		 MESSAGES("spec.containers[0].") SPEC("spec.") PENDING("Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1',"
		 "'memory':'1Mi'}}}]}}",
		 MESSAGES("spec.containers[0].") SPEC("spec.") PENDING("Burstable")},
		{"", "Pod", POD ",'volumes':[{'name':'v'}]}}", "spec.volumes[0].emptyDir={}; " PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','secret':{'secretName':'s'}}]}}",
		 "spec.volumes[0].secret.defaultMode=420; " PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','secret':{'secretName':'s','items':[{'key':'k',"
		     "'path':'p'}]}}]}}",
		 "spec.volumes[0].secret.defaultMode=420; " PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','configMap':{'name':'c'}}]}}",
		 "spec.volumes[0].configMap.defaultMode=420; " PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','downwardAPI':{'items':[{'path':'a',"
		     "'fieldRef':{'fieldPath':'metadata.name'}},{'path':'b',"
		     "'resourceFieldRef':{'containerName':'c','resource':'limits.cpu'}}]}}]}}",
		 "spec.volumes[0].downwardAPI.items[0].fieldRef.apiVersion='v1'; "
		 "spec.volumes[0].downwardAPI.items[1].resourceFieldRef.divisor='0'; "
		 "spec.volumes[0].downwardAPI.defaultMode=420; " PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v',"
		     "'projected':{'sources':[{'serviceAccountToken':{'path':'t'}},"
		     "{'downwardAPI':{'items':[{'path':'a',"
		     "'fieldRef':{'fieldPath':'metadata.name'}}]}}]}}]}}",
		 "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds=3600; "
		 "spec.volumes[0].projected.sources[1].downwardAPI.items[0].fieldRef.apiVersion='v1'; "
		 "spec.volumes[0].projected.defaultMode=420; " PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','hostPath':{'path':'/x'}}]}}",
		 "spec.volumes[0].hostPath.type=''; " PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','iscsi':{'targetPortal':'1.2.3.4',"
		     "'iqn':'iqn.2001-04.com.example:a','lun':0}}]}}",
		 "spec.volumes[0].iscsi.iscsiInterface='default'; " PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','rbd':{'monitors':['a'],'image':'i'}}]}}",
		 "spec.volumes[0].rbd.pool='rbd'; spec.volumes[0].rbd.user='admin'; "
		 "spec.volumes[0].rbd.keyring='/etc/ceph/keyring'; " PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','azureDisk':{'diskName':'d',"
		     "'diskURI':'https://x.blob.core.windows.net/a/b.vhd'}}]}}",
		 "spec.volumes[0].azureDisk.cachingMode='ReadWrite'; "
		 "spec.volumes[0].azureDisk.fsType='ext4'; spec.volumes[0].azureDisk.readOnly=false; "
		 "spec.volumes[0].azureDisk.kind='Shared'; " PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','scaleIO':{'gateway':'g','system':'s',"
		     "'secretRef':{'name':'a'},'volumeName':'v'}}]}}",
		 "spec.volumes[0].scaleIO.storageMode='ThinProvisioned'; "
		 "spec.volumes[0].scaleIO.fsType='xfs'; " PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v',"
		     "'ephemeral':{'volumeClaimTemplate':{'spec':{'accessModes':['ReadWriteOnce'],"
		     "'resources':{'requests':{'storage':'1Gi'}}}}}}]}}",
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata={}; "
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.volumeMode='Filesystem'; " PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','image':{'reference':'r'}}]}}",
		 PODS("spec.") "spec.enableServiceLinks=true; spec.volumes=; status.phase='Pending'; "
			       "status.qosClass='BestEffort'; "},
		{"", "Pod", POD ",'volumes':[{'name':'v','image':{'reference':'r:latest'}}]}}",
		 PODS("spec.") "spec.enableServiceLinks=true; spec.volumes=; status.phase='Pending'; "
			       "status.qosClass='BestEffort'; "},
		{"", "Pod", POD ",'volumes':[{'name':'v','image':{'reference':'r:1'}}]}}",
		 PODS("spec.") "spec.enableServiceLinks=true; spec.volumes=; status.phase='Pending'; "
			       "status.qosClass='BestEffort'; "},
		{"", "Pod", POD ",'volumes':[{'name':'v','emptyDir':{}}]}}", PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','azureFile':{'secretName':'s','shareName':'x'}}]}}",
		 PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','nfs':{'server':'s','path':'/p'}}]}}", PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','csi':{'driver':'d'}}]}}", PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','fc':{'wwids':['w']}}]}}", PLAIN_POD},
		{"", "Pod", POD ",'hostNetwork':true}}", PLAIN_POD},
		{"", "Pod", POD ",'securityContext':{'runAsUser':1}}}",
		 CONTAINER(
			 "spec.containers[0].") "spec.restartPolicy='Always'; spec.terminationGracePeriodSeconds=30; "
						"spec.dnsPolicy='ClusterFirst'; spec.schedulerName='default-scheduler'; " PENDING(
							"BestEffort")},
		{"", "Pod",
		 POD ",'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'t',"
		     "'whenUnsatisfiable':'DoNotSchedule'}]}}",
		 PLAIN_POD},
		{"", "Pod", POD ",'tolerations':[{'key':'a'},{'operator':'Exists'}]}}", PLAIN_POD},
		{"", "Pod", POD ",'terminationGracePeriodSeconds':0}}",
		 CONTAINER(
			 "spec.containers[0].") "spec.restartPolicy='Always'; spec.dnsPolicy='ClusterFirst'; "
						"spec.securityContext={}; spec.schedulerName='default-scheduler'; " PENDING(
							"BestEffort")},
		{"", "Pod", POD ",'resources':{'limits':{'cpu':'2'}}}}",
		 PODS("spec.") "spec.enableServiceLinks=true; spec.resources.requests.cpu='2'; "
			       "status.phase='Pending'; status.qosClass='Burstable'; "},
		{"", "Pod", POD ",'resources':{'requests':{'cpu':'2'}}}}",
		 PODS("spec.") PENDING("Burstable")},
		{"", "Pod", POD ",'enableServiceLinks':false}}",
		 PODS("spec.") "status.phase='Pending'; status.qosClass='BestEffort'; "},
		{"", "Pod", POD ",'initContainers':[{'name':'i','image':'i:1'}]}}",
		 "spec.initContainers[0].resources={}; "
		 "spec.initContainers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.initContainers[0].terminationMessagePolicy='File'; "
		 "spec.initContainers[0].imagePullPolicy='IfNotPresent'; " PLAIN_POD},
		{"", "Pod",
		 POD ",'initContainers':[{'name':'i','image':'i:1','restartPolicy':'Always',"
		     "'livenessProbe':{'exec':{'command':['x']}}}]}}",
		 "spec.initContainers[0].resources={}; "
		 "spec.initContainers[0].livenessProbe.timeoutSeconds=1; "
		 "spec.initContainers[0].livenessProbe.periodSeconds=10; "
		 "spec.initContainers[0].livenessProbe.successThreshold=1; "
		 "spec.initContainers[0].livenessProbe.failureThreshold=3; "
		 "spec.initContainers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.initContainers[0].terminationMessagePolicy='File'; "
		 "spec.initContainers[0].imagePullPolicy='IfNotPresent'; " PLAIN_POD},
		{"", "Pod", POD ",'os':{'name':'windows'}}}", PLAIN_POD},
		{"", "Pod", POD ",'restartPolicy':'Never'}}",
		 CONTAINER("spec.containers[0].") SPEC_OF_ONCE("spec.") PENDING("BestEffort")},
		{"", "Pod", POD ",'resourceClaims':[{'name':'r','resourceClaimName':'x'}]}}", PLAIN_POD},
		{"", "Pod", POD ",'hostPID':true}}", PLAIN_POD},
		{"", "Pod", POD ",'dnsPolicy':'Default'}}",
		 CONTAINER(
			 "spec.containers[0].") "spec.restartPolicy='Always'; spec.terminationGracePeriodSeconds=30; "
						"spec.securityContext={}; spec.schedulerName='default-scheduler'; " PENDING(
							"BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','ports':[{'containerPort':7},"
		 "{'containerPort':8,'hostPort':8}]}],'hostNetwork':true}}",
		 "spec.containers[0].ports[0].protocol='TCP'; spec.containers[0].ports[0].hostPort=7; "
		 "spec.containers[0].ports[1].protocol='TCP'; " PLAIN_POD},
		{"", "PodTemplate", "{" TEMPLATE "}", PODS("template.spec.")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1n',"
		 "'memory':'0.0001'},'limits':{'cpu':'1100u'}}}]}}",
		 "spec.containers[0].resources.limits.cpu='2m'; "
		 "spec.containers[0].resources.requests.cpu='1m'; "
		 "spec.containers[0].resources.requests.memory='1m'; " MESSAGES("spec.containers[0].")
			 POD_OF("", "Burstable")},
		{"", "Pod",
		 POD ",'initContainers':[{'name':'i','image':'i:1','restartPolicy':'Always',"
		     "'livenessProbe':{'httpGet':{'port':1}},'readinessProbe':{'tcpSocket':{'port':1}}}]}}",
		 "spec.initContainers[0].resources={}; "
		 "spec.initContainers[0].livenessProbe.httpGet.path='/'; "
		 "spec.initContainers[0].livenessProbe.httpGet.scheme='HTTP'; "
		 "spec.initContainers[0].livenessProbe.timeoutSeconds=1; "
		 "spec.initContainers[0].livenessProbe.periodSeconds=10; "
		 "spec.initContainers[0].livenessProbe.successThreshold=1; "
		 "spec.initContainers[0].livenessProbe.failureThreshold=3; "
		 "spec.initContainers[0].readinessProbe.timeoutSeconds=1; "
		 "spec.initContainers[0].readinessProbe.periodSeconds=10; "
		 "spec.initContainers[0].readinessProbe.successThreshold=1; "
		 "spec.initContainers[0].readinessProbe.failureThreshold=3; "
		 "spec.initContainers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.initContainers[0].terminationMessagePolicy='File'; "
		 "spec.initContainers[0].imagePullPolicy='IfNotPresent'; " PLAIN_POD},
		{"", "Pod",
		 POD ",'initContainers':[{'name':'i','image':'i:1','restartPolicy':'Always',"
		     "'startupProbe':{'grpc':{'port':1}},'lifecycle':{'postStart':{'httpGet':{'port':1}},"
		     "'preStop':{'httpGet':{'port':1}}}}]}}",
		 "spec.initContainers[0].resources={}; "
		 "spec.initContainers[0].startupProbe.grpc.service=''; "
		 "spec.initContainers[0].startupProbe.timeoutSeconds=1; "
		 "spec.initContainers[0].startupProbe.periodSeconds=10; "
		 "spec.initContainers[0].startupProbe.successThreshold=1; "
		 "spec.initContainers[0].startupProbe.failureThreshold=3; "
		 "spec.initContainers[0].lifecycle.postStart.httpGet.path='/'; "
		 "spec.initContainers[0].lifecycle.postStart.httpGet.scheme='HTTP'; "
		 "spec.initContainers[0].lifecycle.preStop.httpGet.path='/'; "
		 "spec.initContainers[0].lifecycle.preStop.httpGet.scheme='HTTP'; "
		 "spec.initContainers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.initContainers[0].terminationMessagePolicy='File'; "
		 "spec.initContainers[0].imagePullPolicy='IfNotPresent'; " PLAIN_POD},
		{"", "Pod",
		 POD ",'initContainers':[{'name':'i','image':'i:1','restartPolicy':'Always',"
		     "'ports':[{'containerPort':1}],'env':[{'name':'a',"
		     "'valueFrom':{'fieldRef':{'fieldPath':'metadata.name'}}}],"
		     "'resources':{'limits':{'cpu':'1'}}}]}}",
		 "spec.initContainers[0].ports[0].protocol='TCP'; "
		 "spec.initContainers[0].env[0].valueFrom.fieldRef.apiVersion='v1'; "
		 "spec.initContainers[0].resources.requests.cpu='1'; "
		 "spec.initContainers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.initContainers[0].terminationMessagePolicy='File'; "
		 "spec.initContainers[0].imagePullPolicy='IfNotPresent'; " PODS("spec.")
			 PENDING("Burstable")},
		{"", "Pod",
		 POD ",'hostNetwork':true,'initContainers':[{'name':'i','image':'i:1',"
		     "'ports':[{'containerPort':7}]}]}}",
		 "spec.initContainers[0].ports[0].protocol='TCP'; "
		 "spec.initContainers[0].ports[0].hostPort=7; spec.initContainers[0].resources={}; "
		 "spec.initContainers[0].terminationMessagePath='/dev/termination-log'; "
		 "spec.initContainers[0].terminationMessagePolicy='File'; "
		 "spec.initContainers[0].imagePullPolicy='IfNotPresent'; " PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','gitRepo':{'repository':'r'}}]}}", PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','configMap':{'name':'c','defaultMode':256}}]}}",
		 PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','secret':{'secretName':'s','defaultMode':0}}]}}",
		 PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','projected':{'sources':[],'defaultMode':256}}]}}",
		 "spec.volumes[0].projected.sources=; " PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','projected':{}}]}}",
		 "spec.volumes[0].projected.defaultMode=420; " PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','downwardAPI':{'defaultMode':256}}]}}", PLAIN_POD},
		{"", "Pod", POD ",'volumes':[{'name':'v','hostPath':{'path':'/x','type':'Directory'}}]}}",
		 PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','iscsi':{'targetPortal':'1.2.3.4',"
		     "'iqn':'iqn.2001-04.com.example:a','lun':0,'iscsiInterface':'x'}}]}}",
		 PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','rbd':{'monitors':['a'],'image':'i','pool':'p','user':'u',"
		     "'keyring':'k'}}]}}",
		 PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','azureDisk':{'diskName':'d','diskURI':'/subscriptions/a',"
		     "'kind':'Managed','cachingMode':'None','fsType':'x','readOnly':true}}]}}",
		 PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','scaleIO':{'gateway':'g','system':'s',"
		     "'secretRef':{'name':'a'},'volumeName':'v','storageMode':'ThickProvisioned',"
		     "'fsType':'x'}}]}}",
		 PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v',"
		     "'ephemeral':{'volumeClaimTemplate':{'spec':{'accessModes':['ReadWriteOnce'],"
		     "'volumeMode':'Block','resources':{'requests':{'storage':'1Gi'}}}}}}]}}",
		 "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata={}; " PLAIN_POD},
		{"", "Pod",
		 POD ",'volumes':[{'name':'v','projected':{'sources':[{'serviceAccountToken':{'path':'t',"
		     "'expirationSeconds':700}}]}}]}}",
		 "spec.volumes[0].projected.defaultMode=420; " PLAIN_POD},
		{"", "Pod",
		 POD ",'schedulerName':'x','dnsPolicy':'None','dnsConfig':{'nameservers':['1.2.3.4']}}}",
		 CONTAINER(
			 "spec.containers[0].") "spec.restartPolicy='Always'; spec.terminationGracePeriodSeconds=30; "
						"spec.securityContext={}; spec.enableServiceLinks=true; " STATUS(
							"BestEffort")},
		{"", "Pod", POD ",'securityContext':{'fsGroup':1},'terminationGracePeriodSeconds':5}}",
		 CONTAINER(
			 "spec.containers[0].") "spec.restartPolicy='Always'; spec.dnsPolicy='ClusterFirst'; "
						"spec.schedulerName='default-scheduler'; spec.enableServiceLinks=true; " STATUS(
							"BestEffort")},
		{"", "Pod", POD ",'hostNetwork':true,'hostIPC':true}}", PLAIN_POD},
		{"", "PodTemplate",
		 "{'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i','ports':[{'containerPort':7}]}],'hostNetwork':true}}}",
		 "template.spec.containers[0].ports[0].protocol='TCP'; " PODS("template.spec.")},
	};

	created_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(created)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
