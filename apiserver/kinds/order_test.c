/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of causes: objects with which many things are wrong at once, and the fields in the order in which upstream tells
 * of them. What is said is the business of the other tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "kinds/causes_test.h"

/* want: each field once for what is told of it in a row, behind its number of causes when there are several */
static const struct {
	const char *group, *kind, *text, *want;
} rows[] = {
	{"", "Pod",
	 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'A_','image':'','ports':[{'name':"
	 "'A','containerPort':0,'hostPort':70000,'protocol':'X'},{'name':'a','containerPort':1,'ho"
	 "stPort':5},{'name':'a','containerPort':1,'hostPort':5}],'env':[{'name':''},{'name':'1a',"
	 "'valueFrom':{}},{'name':'b','value':'x','valueFrom':{'fieldRef':{'fieldPath':'foo'},'sec"
	 "retKeyRef':{'name':'A_','key':'b c'}}}],'envFrom':[{'prefix':'a b','configMapRef':{}},{'"
	 "secretRef':{'name':'A_'},'configMapRef':{'name':'x'}}],'terminationMessagePolicy':'x','i"
	 "magePullPolicy':'y','volumeMounts':[{'name':'','mountPath':''},{'name':'v','mountPath':'"
	 "/a','subPath':'/b','subPathExpr':'../c','mountPropagation':'q'},{'name':'v','mountPath':"
	 "'/a'}],'volumeDevices':[{'name':'v','devicePath':'/a/..'},{'name':'v','devicePath':''}],"
	 "'resources':{'limits':{'foo':'1','cpu':'-1'},'requests':{'memory':'-1','cpu':'1','e.x/y'"
	 ":'1','hugepages-2Mi':'1'}},'securityContext':{'runAsUser':-1,'runAsGroup':-2,'procMount'"
	 ":'x','seccompProfile':{'type':'Localhost'},'allowPrivilegeEscalation':false,'privileged'"
	 ":true,'windowsOptions':{'runAsUserName':''}},'livenessProbe':{'initialDelaySeconds':-1,'"
	 "successThreshold':2,'periodSeconds':-3,'failureThreshold':-1,'timeoutSeconds':-1},'readi"
	 "nessProbe':{'httpGet':{'path':'','port':0,'scheme':'x','httpHeaders':[{'name':'a b'}]},'"
	 "exec':{'command':[]},'tcpSocket':{'port':'A B'}},'startupProbe':{'exec':{},'successThres"
	 "hold':-5},'lifecycle':{'preStop':{},'postStart':{'exec':{},'httpGet':{'port':1}}}},{'nam"
	 "e':'c','image':'i'},{'name':'c','image':'i','ports':[{'containerPort':1,'hostPort':5}]}]"
	 ",'volumes':[{'name':'v','emptyDir':{}}]}}",
	 "spec.containers[0].name\nspec.containers[0].image\n"
	 "spec.containers[0].terminationMessagePolicy\n2 spec.containers[0].ports[0].name\n"
	 "spec.containers[0].ports[0].containerPort\nspec.containers[0].ports[0].hostPort\n"
	 "spec.containers[0].ports[0].protocol\nspec.containers[0].ports[2].name\n"
	 "spec.containers[0].env[0].name\nspec.containers[0].env[1].valueFrom\n"
	 "spec.containers[0].env[2].valueFrom.fieldRef.fieldPath\n"
	 "spec.containers[0].env[2].valueFrom.secretKeyRef.name\n"
	 "spec.containers[0].env[2].valueFrom.secretKeyRef.key\nspec.containers[0].env[2].valueFrom\n"
	 "spec.containers[0].envFrom[0].configMapRef.name\n"
	 "spec.containers[0].envFrom[1].secretRef.name\nspec.containers[0].envFrom\n"
	 "2 spec.containers[0].volumeMounts[0].name\n2 spec.containers[0].volumeMounts[0].mountPath\n"
	 "spec.containers[0].volumeMounts[1].name\nspec.containers[0].volumeMounts[1].subPathExpr\n"
	 "spec.containers[0].volumeMounts.mountPropagation\nspec.containers[0].volumeMounts.subPath\n"
	 "spec.containers[0].volumeMounts.subPathExpr\nspec.containers[0].volumeMounts[2].mountPath\n"
	 "spec.containers[0].volumeMounts[2].name\nspec.containers[0].volumeDevices[0].name\n"
	 "spec.containers[0].volumeDevices[0].devicePath\nspec.containers[0].volumeDevices[0].name\n"
	 "2 spec.containers[0].volumeDevices[1].name\nspec.containers[0].volumeDevices[1].devicePath\n"
	 "spec.containers[0].volumeDevices[1].name\nspec.containers[0].volumeDevices[1].devicePath\n"
	 "spec.containers[0].imagePullPolicy\nspec.containers[0].resources.limits[cpu]\n"
	 "2 spec.containers[0].resources.limits[foo]\n2 spec.containers[0].resources.requests[foo]\n"
	 "spec.containers[0].resources.requests[hugepages-2Mi]\n"
	 "spec.containers[0].resources.requests[memory]\nspec.containers[0].resources.requests\n"
	 "2 spec.containers[0].resources.limits\nspec.containers[0].securityContext.runAsUser\n"
	 "spec.containers[0].securityContext.runAsGroup\n"
	 "spec.containers[0].securityContext.procMount\n"
	 "spec.containers[0].securityContext.seccompProfile.localhostProfile\n"
	 "spec.containers[0].securityContext\n"
	 "spec.containers[0].securityContext.windowsOptions.runAsUserName\n"
	 "spec.containers[0].lifecycle.postStart.exec.command\n"
	 "spec.containers[0].lifecycle.postStart.httpGet\nspec.containers[0].lifecycle.preStop\n"
	 "spec.containers[0].livenessProbe\nspec.containers[0].livenessProbe.initialDelaySeconds\n"
	 "spec.containers[0].livenessProbe.timeoutSeconds\n"
	 "spec.containers[0].livenessProbe.periodSeconds\n"
	 "spec.containers[0].livenessProbe.failureThreshold\n"
	 "spec.containers[0].livenessProbe.successThreshold\n"
	 "spec.containers[0].readinessProbe.exec.command\nspec.containers[0].readinessProbe.httpGet\n"
	 "spec.containers[0].readinessProbe.tcpSocket\nspec.containers[0].startupProbe.exec.command\n"
	 "2 spec.containers[0].startupProbe.successThreshold\nspec.containers[2].name\n"
	 "spec.containers[0].ports[2].hostPort\nspec.containers[2].ports[0].hostPort\n"},
	{"", "Pod",
	 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'initContainers"
	 "':[{'name':'c','image':'i','lifecycle':{'preStop':{'exec':{'command':['a']}}},'livenessP"
	 "robe':{'exec':{'command':['a']}},'readinessProbe':{'exec':{}},'startupProbe':{'exec':{'c"
	 "ommand':['a']}},'ports':[{'containerPort':1,'hostPort':5},{'containerPort':1,'hostPort':"
	 "5}]},{'name':'','image':''}]}}",
	 "spec.initContainers[0].name\nspec.initContainers[0].ports[1].hostPort\n"
	 "spec.initContainers[0].lifecycle\nspec.initContainers[0].livenessProbe\n"
	 "spec.initContainers[0].readinessProbe\n"
	 "spec.initContainers[0].startupProbe\nspec.initContainers[1].name\n"
	 "spec.initContainers[1].image\n"},
	{"", "Pod",
	 "{'metadata':{'name':'p'},'spec':{'containers':[],'restartPolicy':'x','dnsPolicy':'y','no"
	 "deSelector':{'a b':'c d'},'nodeName':'B_','hostname':'C_','subdomain':'D_','activeDeadli"
	 "neSeconds':0,'overhead':{'foo':'-1'},'schedulerName':'x','securityContext':{'fsGroup':-1"
	 ",'runAsUser':-1,'runAsGroup':-1,'supplementalGroups':[-1,-2],'sysctls':[{'name':'','valu"
	 "e':''},{'name':'A B','value':''},{'name':'a.b','value':''},{'name':'a.b','value':''}],'f"
	 "sGroupChangePolicy':'x','seccompProfile':{'type':'y'},'windowsOptions':{'gmsaCredentialS"
	 "pecName':'A_','gmsaCredentialSpec':''}},'shareProcessNamespace':true,'hostPID':true,'ima"
	 "gePullSecrets':[{}],'tolerations':[{'key':'a b','operator':'q','effect':'r','tolerationS"
	 "econds':1},{'operator':'Equal','value':'c d','effect':'zz'},{'key':'a','operator':'Exist"
	 "s','value':'x'}],'hostAliases':[{'ip':'x','hostnames':['A_']}],'dnsConfig':{'nameservers"
	 "':['a','b','c','d'],'searches':['A B'],'options':[{}]},'readinessGates':[{'conditionType"
	 "':'a b'}],'topologySpreadConstraints':[{'maxSkew':0,'topologyKey':'','whenUnsatisfiable'"
	 ":'x','labelSelector':{'matchLabels':{'a b':'c d'},'matchExpressions':[{'key':'x y','oper"
	 "ator':'In'},{'key':'a','operator':'q'},{'key':'a','operator':'Exists','values':['x y']}]"
	 "}},{'maxSkew':1,'topologyKey':'a','whenUnsatisfiable':'DoNotSchedule'},{'maxSkew':1,'top"
	 "ologyKey':'a','whenUnsatisfiable':'DoNotSchedule'}],'affinity':{'nodeAffinity':{'require"
	 "dDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'ke"
	 "y':'a b','operator':'In'},{'key':'a','operator':'z'},{'key':'a','operator':'Gt','values'"
	 ":['1','2']}],'matchFields':[{'key':'x','operator':'Gt'},{'key':'metadata.name','operator"
	 "':'In','values':['A_']}]}]},'preferredDuringSchedulingIgnoredDuringExecution':[{'weight'"
	 ":0,'preference':{'matchExpressions':[{'key':'a b','operator':'Exists','values':['a']}]}}"
	 "]},'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'','n"
	 "amespaces':['A_'],'labelSelector':{'matchLabels':{'a b':''}}}],'preferredDuringSchedulin"
	 "gIgnoredDuringExecution':[{'weight':101,'podAffinityTerm':{'topologyKey':'x y'}}]},'podA"
	 "ntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':''}],'pre"
	 "ferredDuringSchedulingIgnoredDuringExecution':[{'weight':0,'podAffinityTerm':{'topologyK"
	 "ey':''}}]}},'volumes':[{'name':'A_','hostPath':{'path':'','type':'q'},'emptyDir':{}},{'n"
	 "ame':'','nfs':{'server':'','path':'x'}},{'name':'v','configMap':{'items':[{'key':'','pat"
	 "h':'/a/..','mode':1000}],'defaultMode':1000}},{'name':'v','secret':{}},{'name':'w','down"
	 "wardAPI':{'defaultMode':-1,'items':[{'path':'','mode':-1},{'path':'..a','fieldRef':{'fie"
	 "ldPath':'spec.nodeName'}}]}},{'name':'pr','projected':{'defaultMode':-1,'sources':[{'sec"
	 "ret':{},'configMap':{'items':[{'key':'','path':''}]}},{'serviceAccountToken':{'path':'',"
	 "'expirationSeconds':1}}]}},{'name':'i','iscsi':{'targetPortal':'','iqn':'x','lun':300,'c"
	 "hapAuthSession':true,'initiatorName':'y'}},{'name':'az','azureDisk':{'diskName':'','disk"
	 "URI':'','cachingMode':'x','kind':'y'}},{'name':'f','fc':{}},{'name':'cs','csi':{'driver'"
	 ":'','nodePublishSecretRef':{}}},{'name':'e','ephemeral':{}},{'name':'q','quobyte':{'regi"
	 "stry':'x','volume':''}},{'name':'so','storageos':{'volumeName':'A_','volumeNamespace':'B"
	 "_','secretRef':{}}}]}}",
	 "spec.volumes[0].hostPath\nspec.volumes[0].name\nspec.volumes[1].nfs.server\n"
	 "spec.volumes[1].nfs.path\nspec.volumes[1].name\nspec.volumes[2].configMap.name\n"
	 "spec.volumes[2].configMap.defaultMode\nspec.volumes[2].configMap.items[0].key\n"
	 "2 spec.volumes[2].configMap.items[0].path\nspec.volumes[2].configMap.items[0].mode\n"
	 "spec.volumes[3].secret.secretName\nspec.volumes[4].downwardAPI.defaultMode\n"
	 "spec.volumes[4].downwardAPI.path\nspec.volumes[4].downwardAPI.mode\n"
	 "spec.volumes[4].downwardAPI.path\nspec.volumes[4].downwardAPI.fieldRef.fieldPath\n"
	 "spec.volumes[4].downwardAPI\nspec.volumes[5].projected.defaultMode\n"
	 "spec.volumes[5].projected.sources[0].secret.name\n"
	 "spec.volumes[5].projected.sources[0].configMap.name\n"
	 "spec.volumes[5].projected.sources[0].configMap.items[0].key\n"
	 "spec.volumes[5].projected.sources[0].configMap.items[0].path\n"
	 "spec.volumes[5].projected.sources[0]\n"
	 "spec.volumes[5].projected.sources[1].serviceAccountToken.expirationSeconds\n"
	 "spec.volumes[5].projected.path\nspec.volumes[6].iscsi.targetPortal\n"
	 "spec.volumes[6].iscsi.iqn\nspec.volumes[6].iscsi.lun\nspec.volumes[6].iscsi.secretRef\n"
	 "spec.volumes[6].iscsi.initiatorname\nspec.volumes[7].azureDisk.diskName\n"
	 "spec.volumes[7].azureDisk.diskURI\nspec.volumes[7].azureDisk.cachingMode\n"
	 "spec.volumes[7].azureDisk.kind\nspec.volumes[7].azureDisk.diskURI\n"
	 "spec.volumes[8].fc.targetWWNs\n2 spec.volumes[9].csi.driver\n"
	 "spec.volumes[9].csi.nodePublishSecretRef.name\n"
	 "spec.volumes[10].ephemeral.volumeClaimTemplate\nspec.volumes[11].quobyte.registry\n"
	 "spec.volumes[11].quobyte.volume\nspec.volumes[12].storageos.volumeName\n"
	 "spec.volumes[12].storageos.volumeNamespace\nspec.volumes[12].storageos.secretRef.name\n"
	 "spec.containers\nspec.restartPolicy\nspec.dnsPolicy\n2 spec.nodeSelector\n"
	 "spec.securityContext.fsGroup\nspec.securityContext.runAsUser\n"
	 "spec.securityContext.runAsGroup\nspec.securityContext.supplementalGroups[0]\n"
	 "spec.securityContext.supplementalGroups[1]\nspec.securityContext.shareProcessNamespace\n"
	 "spec.securityContext.sysctls[0].name\nspec.securityContext.sysctls[1].name\n"
	 "spec.securityContext.sysctls[3].name\nspec.securityContext.fsGroupChangePolicy\n"
	 "spec.securityContext.seccompProfile.type\n"
	 "spec.securityContext.windowsOptions.gmsaCredentialSpecName\n"
	 "spec.securityContext.windowsOptions.gmsaCredentialSpec\n"
	 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values\n"
	 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key\n"
	 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].operator\n"
	 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[2].values\n"
	 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].operator\n"
	 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key\n"
	 "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[1].values[0]\n"
	 "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight\n"
	 "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values\n"
	 "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key\n"
	 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchLabels\n"
	 "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespace\n"
	 "3 spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey\n"
	 "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight\n"
	 "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey\n"
	 "3 spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey\n"
	 "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight\n"
	 "3 spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey\n"
	 "spec.dnsConfig.nameservers\nspec.dnsConfig.nameservers[0]\nspec.dnsConfig.nameservers[1]\n"
	 "spec.dnsConfig.nameservers[2]\nspec.dnsConfig.nameservers[3]\nspec.dnsConfig.searches[0]\n"
	 "spec.dnsConfig.options[0]\nspec.readinessGates[0].conditionType\n"
	 "spec.topologySpreadConstraints[0].maxSkew\nspec.topologySpreadConstraints[0].topologyKey\n"
	 "spec.topologySpreadConstraints[0].whenUnsatisfiable\n"
	 "2 spec.topologySpreadConstraints[0].labelSelector.matchLabels\n"
	 "spec.topologySpreadConstraints[0].labelSelector.matchExpressions[0].values\n"
	 "spec.topologySpreadConstraints[0].labelSelector.matchExpressions[0].key\n"
	 "spec.topologySpreadConstraints[0].labelSelector.matchExpressions[1].operator\n"
	 "spec.topologySpreadConstraints[0].labelSelector.matchExpressions[2].values\n"
	 "spec.topologySpreadConstraints[0].labelSelector.matchExpressions[2].values[0]\n"
	 "spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}\nspec.nodeName\n"
	 "spec.activeDeadlineSeconds\nspec.hostname\nspec.subdomain\nspec.tolerations[0].key\n"
	 "spec.tolerations[0].effect\nspec.tolerations[0].operator\nspec.tolerations[0].effect\n"
	 "2 spec.tolerations[1].operator\nspec.tolerations[1].effect\nspec.tolerations[2].operator\n"
	 "spec.hostAliases[0].ip\nspec.hostAliases[0].hostnames[0]\n3 spec.overhead.limits[foo]\n"
	 "spec.volumes[5].projected.sources[1].serviceAccountToken\n"},
	{"", "Pod",
	 "{'metadata':{'name':'p','annotations':{'seccomp.security.alpha.kubernetes.io/pod':'x','k"
	 "ubernetes.io/config.mirror':'a','controller.kubernetes.io/pod-deletion-cost':'x','a b':'"
	 "'},'labels':{'a b':''},'finalizers':['x']},'spec':{'containers':[{'name':'c','image':'i'"
	 ",'ports':[{'containerPort':80,'hostPort':81}]},{'name':'c','image':''}],'hostNetwork':tr"
	 "ue,'restartPolicy':'x','volumes':[{'name':'A_'}]}}",
	 "metadata.labels\nmetadata.annotations\nmetadata.annotations[kubernetes.io/config.mirror]\n"
	 "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]\n"
	 "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod\nspec.volumes[0].name\n"
	 "spec.containers[1].image\nspec.containers[1].name\nspec.containers[0].ports[0].hostPort\n"
	 "spec.restartPolicy\n"},
	{"apps", "Deployment",
	 "{'metadata':{'name':'A_'},'spec':{'replicas':-1,'minReadySeconds':-2,'revisionHistoryLim"
	 "it':-3,'progressDeadlineSeconds':-4,'selector':{'matchLabels':{'a b':'c d'},'matchExpres"
	 "sions':[{'key':'x y','operator':'In'},{'key':'a','operator':'q'}]},'template':{'metadata"
	 "':{'labels':{'a b':'c'},'annotations':{'x y':'','kubernetes.io/config.mirror':'z'}},'spe"
	 "c':{'restartPolicy':'OnFailure','activeDeadlineSeconds':0,'containers':[{'name':'c','ima"
	 "ge':''}],'volumes':[{'name':'v','nfs':{}}]}},'strategy':{'type':'x'}}}",
	 "spec.replicas\n2 spec.selector.matchLabels\nspec.selector.matchExpressions[0].values\n"
	 "spec.selector.matchExpressions[0].key\nspec.selector.matchExpressions[1].operator\n"
	 "spec.selector\nspec.strategy\nspec.minReadySeconds\nspec.revisionHistoryLimit\n"
	 "2 spec.progressDeadlineSeconds\n"},
	{"apps", "Deployment",
	 "{'metadata':{'name':'a'},'spec':{'replicas':-1,'minReadySeconds':5,'revisionHistoryLimit"
	 "':-3,'progressDeadlineSeconds':4,'selector':{'matchLabels':{'app':'x'}},'template':{'met"
	 "adata':{'labels':{'a b':'c'},'annotations':{'x y':'','kubernetes.io/config.mirror':'z'}}"
	 ",'spec':{'restartPolicy':'OnFailure','activeDeadlineSeconds':0,'containers':[{'name':'c'"
	 ",'image':''}],'volumes':[{'name':'v','nfs':{}}]}},'strategy':{'rollingUpdate':{'maxUnava"
	 "ilable':'200%','maxSurge':-1}}}}",
	 "spec.replicas\nspec.template.metadata.labels\nspec.template.labels\n"
	 "spec.template.annotations\nspec.template.annotations[kubernetes.io/config.mirror]\n"
	 "spec.template.spec.volumes[0].nfs.server\n2 spec.template.spec.volumes[0].nfs.path\n"
	 "spec.template.spec.containers[0].image\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.template.spec.restartPolicy\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.strategy.rollingUpdate.maxSurge\nspec.strategy.rollingUpdate.maxUnavailable\n"
	 "spec.revisionHistoryLimit\nspec.progressDeadlineSeconds\n"},
	{"apps", "ReplicaSet",
	 "{'metadata':{'name':'a'},'spec':{'replicas':-1,'minReadySeconds':-2,'selector':{'matchLa"
	 "bels':{'app':'x'}},'template':{'metadata':{'labels':{'a b':'c'},'annotations':{'x y':'',"
	 "'kubernetes.io/config.mirror':'z'}},'spec':{'restartPolicy':'OnFailure','activeDeadlineS"
	 "econds':0,'containers':[{'name':'c','image':''}],'volumes':[{'name':'v','nfs':{}}]}}}}",
	 "spec.replicas\nspec.minReadySeconds\nspec.template.metadata.labels\nspec.template.labels\n"
	 "spec.template.annotations\nspec.template.annotations[kubernetes.io/config.mirror]\n"
	 "spec.template.spec.volumes[0].nfs.server\n2 spec.template.spec.volumes[0].nfs.path\n"
	 "spec.template.spec.containers[0].image\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.template.spec.restartPolicy\nspec.template.spec.activeDeadlineSeconds\n"},
	{"apps", "DaemonSet",
	 "{'metadata':{'name':'A_'},'spec':{'minReadySeconds':-2,'revisionHistoryLimit':-1,'select"
	 "or':{'matchLabels':{'a b':'c d'},'matchExpressions':[{'key':'x y','operator':'In'},{'key"
	 "':'a','operator':'q'}]},'template':{'metadata':{'labels':{'a b':'c'},'annotations':{'x y"
	 "':'','kubernetes.io/config.mirror':'z'}},'spec':{'restartPolicy':'OnFailure','activeDead"
	 "lineSeconds':0,'containers':[{'name':'c','image':''}],'volumes':[{'name':'v','nfs':{}}]}"
	 "},'updateStrategy':{'type':'x'}}}",
	 "2 spec.selector.matchLabels\nspec.selector.matchExpressions[0].values\n"
	 "spec.selector.matchExpressions[0].key\nspec.selector.matchExpressions[1].operator\n"
	 "spec.template.labels\nspec.template.annotations\n"
	 "spec.template.annotations[kubernetes.io/config.mirror]\n"
	 "spec.template.spec.volumes[0].nfs.server\n2 spec.template.spec.volumes[0].nfs.path\n"
	 "spec.template.spec.containers[0].image\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.template.spec.restartPolicy\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.minReadySeconds\nspec.updateStrategy\nspec.revisionHistoryLimit\n"},
	{"apps", "DaemonSet",
	 "{'metadata':{'name':'a'},'spec':{'minReadySeconds':-2,'revisionHistoryLimit':-1,'selecto"
	 "r':{'matchLabels':{'app':'x'}},'template':{'metadata':{'labels':{'a b':'c'},'annotations"
	 "':{'x y':'','kubernetes.io/config.mirror':'z'}},'spec':{'restartPolicy':'OnFailure','act"
	 "iveDeadlineSeconds':0,'containers':[{'name':'c','image':''}],'volumes':[{'name':'v','nfs"
	 "':{}}]}},'updateStrategy':{'rollingUpdate':{'maxUnavailable':0}}}}",
	 "spec.template.metadata.labels\nspec.template.labels\nspec.template.annotations\n"
	 "spec.template.annotations[kubernetes.io/config.mirror]\n"
	 "spec.template.spec.volumes[0].nfs.server\n2 spec.template.spec.volumes[0].nfs.path\n"
	 "spec.template.spec.containers[0].image\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.template.spec.restartPolicy\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.minReadySeconds\nspec.updateStrategy.rollingUpdate.maxUnavailable\n"
	 "spec.revisionHistoryLimit\n"},
	{"apps", "StatefulSet",
	 "{'metadata':{'name':'A_'},'spec':{'replicas':-1,'podManagementPolicy':'x','updateStrateg"
	 "y':{'type':'y'},'selector':{'matchLabels':{'a b':'c d'},'matchExpressions':[{'key':'x y'"
	 ",'operator':'In'},{'key':'a','operator':'q'}]},'template':{'metadata':{'labels':{'a b':'"
	 "c'},'annotations':{'x y':'','kubernetes.io/config.mirror':'z'}},'spec':{'restartPolicy':"
	 "'OnFailure','activeDeadlineSeconds':0,'containers':[{'name':'c','image':''}],'volumes':["
	 "{'name':'v','nfs':{}}]}},'serviceName':'S_','volumeClaimTemplates':[{'metadata':{'name':"
	 "'w'},'spec':{}}]}}",
	 "spec.podManagementPolicy\nspec.updateStrategy\n"
	 "spec.volumeClaimTemplates[0].spec.accessModes\n"
	 "spec.volumeClaimTemplates[0].spec.resources[storage]\nspec.replicas\nspec.serviceName\n"
	 "2 spec.selector.matchLabels\nspec.selector.matchExpressions[0].values\n"
	 "spec.selector.matchExpressions[0].key\nspec.selector.matchExpressions[1].operator\n"
	 "spec.selector\nspec.template.labels\nspec.template.annotations\n"
	 "spec.template.annotations[kubernetes.io/config.mirror]\n"
	 "spec.template.spec.volumes[0].nfs.server\n2 spec.template.spec.volumes[0].nfs.path\n"
	 "spec.template.spec.containers[0].image\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.template.spec.restartPolicy\nspec.template.spec.activeDeadlineSeconds\n"},
	{"", "ReplicationController",
	 "{'metadata':{'name':'A_'},'spec':{'replicas':-1,'minReadySeconds':-1,'selector':{'app':'"
	 "x'},'template':{'metadata':{'labels':{'a b':'c'},'annotations':{'x y':'','kubernetes.io/"
	 "config.mirror':'z'}},'spec':{'restartPolicy':'OnFailure','activeDeadlineSeconds':0,'cont"
	 "ainers':[{'name':'c','image':''}],'volumes':[{'name':'v','nfs':{}}]}}}}",
	 "metadata.labels\nspec.minReadySeconds\nspec.replicas\nspec.template.metadata.labels\n"
	 "spec.template.labels\nspec.template.annotations\n"
	 "spec.template.annotations[kubernetes.io/config.mirror]\n"
	 "spec.template.spec.volumes[0].nfs.server\n2 spec.template.spec.volumes[0].nfs.path\n"
	 "spec.template.spec.containers[0].image\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.template.spec.restartPolicy\nspec.template.spec.activeDeadlineSeconds\n"},
	{"batch", "Job",
	 "{'metadata':{'name':'A_'},'spec':{'parallelism':-1,'completions':-1,'activeDeadlineSecon"
	 "ds':-1,'backoffLimit':-1,'ttlSecondsAfterFinished':-1,'template':{'metadata':{'labels':{"
	 "'a b':'c'},'annotations':{'x y':'','kubernetes.io/config.mirror':'z'}},'spec':{'restartP"
	 "olicy':'Always','activeDeadlineSeconds':0,'containers':[{'name':'c','image':''}],'volume"
	 "s':[{'name':'v','nfs':{}}]}}}}",
	 "3 metadata.labels\nspec.parallelism\nspec.completions\nspec.activeDeadlineSeconds\n"
	 "spec.backoffLimit\nspec.ttlSecondsAfterFinished\n3 spec.template.labels\n"
	 "spec.template.annotations\nspec.template.annotations[kubernetes.io/config.mirror]\n"
	 "spec.template.spec.volumes[0].nfs.server\n2 spec.template.spec.volumes[0].nfs.path\n"
	 "spec.template.spec.containers[0].image\nspec.template.spec.activeDeadlineSeconds\n"
	 "spec.template.spec.restartPolicy\n"},
	{"batch", "Job",
	 "{'metadata':{'name':'a'},'spec':{'manualSelector':true,'selector':{'matchLabels':{'a b':"
	 "'c d'},'matchExpressions':[{'key':'x y','operator':'In'},{'key':'a','operator':'q'}]},'t"
	 "emplate':{'metadata':{'labels':{'a b':'c'},'annotations':{'x y':'','kubernetes.io/config"
	 ".mirror':'z'}},'spec':{'restartPolicy':'OnFailure','activeDeadlineSeconds':0,'containers"
	 "':[{'name':'c','image':''}],'volumes':[{'name':'v','nfs':{}}]}}}}",
	 "metadata.labels\nspec.template.labels\nspec.template.annotations\n"
	 "spec.template.annotations[kubernetes.io/config.mirror]\n"
	 "spec.template.spec.volumes[0].nfs.server\n2 spec.template.spec.volumes[0].nfs.path\n"
	 "spec.template.spec.containers[0].image\nspec.template.spec.activeDeadlineSeconds\n"
	 "2 spec.selector.matchLabels\nspec.selector.matchExpressions[0].values\n"
	 "spec.selector.matchExpressions[0].key\nspec.selector.matchExpressions[1].operator\n"},
	{"batch", "CronJob",
	 "{'metadata':{'name':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'},'spe"
	 "c':{'schedule':'x','startingDeadlineSeconds':-1,'concurrencyPolicy':'y','successfulJobsH"
	 "istoryLimit':-1,'failedJobsHistoryLimit':-1,'jobTemplate':{'spec':{'parallelism':-1,'man"
	 "ualSelector':true,'selector':{'matchLabels':{'app':'x'}},'template':{'metadata':{'labels"
	 "':{'a b':'c'},'annotations':{'x y':'','kubernetes.io/config.mirror':'z'}},'spec':{'resta"
	 "rtPolicy':'OnFailure','activeDeadlineSeconds':0,'containers':[{'name':'c','image':''}],'"
	 "volumes':[{'name':'v','nfs':{}}]}}}}}}",
	 "spec.schedule\nspec.startingDeadlineSeconds\nspec.concurrencyPolicy\n"
	 "spec.jobTemplate.spec.parallelism\nspec.jobTemplate.spec.template.labels\n"
	 "spec.jobTemplate.spec.template.annotations\n"
	 "spec.jobTemplate.spec.template.annotations[kubernetes.io/config.mirror]\n"
	 "spec.jobTemplate.spec.template.spec.volumes[0].nfs.server\n"
	 "2 spec.jobTemplate.spec.template.spec.volumes[0].nfs.path\n"
	 "spec.jobTemplate.spec.template.spec.containers[0].image\n"
	 "spec.jobTemplate.spec.template.spec.activeDeadlineSeconds\nspec.jobTemplate.spec.selector\n"
	 "spec.jobTemplate.spec.manualSelector\nspec.successfulJobsHistoryLimit\n"
	 "spec.failedJobsHistoryLimit\nmetadata.name\n"},
	{"autoscaling", "HorizontalPodAutoscaler",
	 "{'metadata':{'name':'a'},'spec':{'minReplicas':5,'maxReplicas':3,'scaleTargetRef':{'kind"
	 "':'x','name':'','apiVersion':'apps/v1'},'metrics':[{'type':''},{'type':'Object','object'"
	 ":{'describedObject':{},'metric':{},'target':{'type':'x'}}},{'type':'Pods','pods':{'metri"
	 "c':{'name':'a/b'},'target':{'type':'Value','averageValue':'-1'}},'resource':{'name':'','"
	 "target':{'type':''}}},{'type':'Resource','resource':{'name':'cpu','target':{'type':'Util"
	 "ization','averageUtilization':0,'averageValue':'1'}}},{'type':'External','external':{'me"
	 "tric':{'name':''},'target':{'type':'Value','value':'1','averageValue':'1'}}}],'behavior'"
	 ":{'scaleUp':{'stabilizationWindowSeconds':-1,'selectPolicy':'x','policies':[]},'scaleDow"
	 "n':{'stabilizationWindowSeconds':5000,'policies':[{'type':'x','value':0,'periodSeconds':"
	 "0},{'type':'Pods','value':1,'periodSeconds':3000}]}}}}",
	 "spec.maxReplicas\nspec.scaleTargetRef.name\n3 spec.metrics[0].type\n"
	 "spec.metrics[1].object.describedObject.kind\nspec.metrics[1].object.describedObject.name\n"
	 "spec.metrics[1].object.metric.name\nspec.metrics[1].object.target.type\n"
	 "spec.metrics[1].object.target.averageValue\nspec.metrics[2].pods.metric.name\n"
	 "spec.metrics[2].pods.target.averageValue\nspec.metrics[2].resource\n"
	 "spec.metrics[3].resource.target.averageUtilization\n"
	 "spec.metrics[3].resource.target.averageValue\nspec.metrics[4].external.metric.name\n"
	 "spec.metrics[4].external.target.value\nspec.behavior.scaleUp.stabilizationWindowSeconds\n"
	 "spec.behavior.scaleUp.selectPolicy\nspec.behavior.scaleUp.policies\n"
	 "spec.behavior.scaleDown.stabilizationWindowSeconds\n"
	 "spec.behavior.scaleDown.policies[0].type\nspec.behavior.scaleDown.policies[0].value\n"
	 "spec.behavior.scaleDown.policies[0].periodSeconds\n"
	 "spec.behavior.scaleDown.policies[1].periodSeconds\n"},
	{"policy", "PodDisruptionBudget",
	 "{'metadata':{'name':'a'},'spec':{'minAvailable':'x','maxUnavailable':'200%','selector':{"
	 "'matchLabels':{'a b':'c d'},'matchExpressions':[{'key':'x y','operator':'In'},{'key':'a'"
	 ",'operator':'q'}]}}}",
	 "spec\nspec.minAvailable\nspec.maxUnavailable\n2 spec.selector.matchLabels\n"
	 "spec.selector.matchExpressions[0].values\nspec.selector.matchExpressions[0].key\n"
	 "spec.selector.matchExpressions[1].operator\n"},
	{"networking.k8s.io", "Ingress",
	 "{'metadata':{'name':'A_','annotations':{'kubernetes.io/ingress.class':'x'}},'spec':{'ing"
	 "ressClassName':'B_','defaultBackend':{},'tls':[{'hosts':['A_','*.B_'],'secretName':'C_'}"
	 "],'rules':[{'host':'1.2.3.4'},{'host':'*.A_','http':{'paths':[]}},{'http':{'paths':[{'pa"
	 "th':'x','pathType':'Exact','backend':{'service':{'name':'A_','port':{'name':'x','number'"
	 ":1}}}},{'path':'/a//b/..','pathType':'Prefix','backend':{'service':{'name':'','port':{}}"
	 ",'resource':{'kind':'x','name':'y'}}},{'pathType':'q','backend':{'resource':{'apiGroup':"
	 "'A_','kind':'','name':''}}},{'path':'a'}]}}]}}",
	 "spec.defaultBackend\nspec.rules[0].host\nspec.rules[1].host\nspec.rules[1].http.paths\n"
	 "spec.rules[2].http.paths[0].path\nspec.rules[2].http.paths[0].backend.service.name\n"
	 "spec.rules[2].http.paths[0].backend\n2 spec.rules[2].http.paths[1].path\n"
	 "spec.rules[2].http.paths[1].backend\nspec.rules[2].http.paths[2].pathType\n"
	 "spec.rules[2].http.paths[2].backend.resource.apiGroup\n"
	 "spec.rules[2].http.paths[2].backend.resource.kind\n"
	 "spec.rules[2].http.paths[2].backend.resource.name\nspec.rules[2].http.paths[3].pathType\n"
	 "spec.tls[0].hosts[0]\nspec.tls[0].hosts[1]\nspec.tls[0].secretName\nspec.ingressClassName\n"
	 "annotations.kubernetes.io/ingress.class\n"},
	{"networking.k8s.io", "NetworkPolicy",
	 "{'metadata':{'name':'A_'},'spec':{'podSelector':{'matchLabels':{'a b':'c d'},'matchExpre"
	 "ssions':[{'key':'x y','operator':'In'},{'key':'a','operator':'q'}]},'ingress':[{'ports':"
	 "[{'protocol':'x','port':0},{'port':'A B'}],'from':[{},{'ipBlock':{'cidr':'x','except':['"
	 "y']},'podSelector':{'matchLabels':{'a b':'c d'},'matchExpressions':[{'key':'x y','operat"
	 "or':'In'},{'key':'a','operator':'q'}]}},{'ipBlock':{'cidr':'10.0.0.0/8','except':['y','1"
	 "1.0.0.0/9']}}]}],'egress':[{'ports':[{'port':70000}],'to':[{'ipBlock':{}}]}],'policyType"
	 "s':['x','Ingress','Egress']}}",
	 "2 spec.podSelector.matchLabels\nspec.podSelector.matchExpressions[0].values\n"
	 "spec.podSelector.matchExpressions[0].key\nspec.podSelector.matchExpressions[1].operator\n"
	 "spec.ingress[0].ports[0].protocol\nspec.ingress[0].ports[0].port\n"
	 "2 spec.ingress[0].ports[1].port\nspec.ingress[0].from[0]\n"
	 "2 spec.ingress[0].from[1].podSelector.matchLabels\n"
	 "spec.ingress[0].from[1].podSelector.matchExpressions[0].values\n"
	 "spec.ingress[0].from[1].podSelector.matchExpressions[0].key\n"
	 "spec.ingress[0].from[1].podSelector.matchExpressions[1].operator\n"
	 "spec.ingress[0].from[1].ipBlock.cidr\nspec.ingress[0].from[1]\n"
	 "spec.ingress[0].from[2].ipBlock.except[0]\nspec.ingress[0].from[2].ipBlock.except[1]\n"
	 "spec.egress[0].ports[0].port\nspec.egress[0].to[0].ipBlock.cidr\nspec.policyTypes\n"},
	{"discovery.k8s.io", "EndpointSlice",
	 "{'metadata':{'name':'A_'},'addressType':'IPv4','endpoints':[{'addresses':[]},{'addresses"
	 "':['x','127.0.0.1','::1'],'hostname':'A_','deprecatedTopology':{'a b':'c d'}}],'ports':["
	 "{'name':'A_','protocol':'x','appProtocol':'a b'},{'name':'b'},{'name':'b'}]}",
	 "ports[0].name\nports[0].protocol\nports[0].appProtocol\nports[2].name\n"
	 "endpoints[0].addresses\nendpoints[1].addresses[0]\nendpoints[1].addresses[1]\n"
	 "endpoints[1].addresses[2]\nendpoints[1].addresses\nendpoints[1].hostname\n"},
	{"node.k8s.io", "RuntimeClass",
	 "{'metadata':{'name':'A_'},'handler':'B_','overhead':{'podFixed':{'foo':'-1'}},'schedulin"
	 "g':{'nodeSelector':{'a b':'c d'},'tolerations':[{'key':'a b','operator':'q','effect':'r'"
	 "},{'key':'k','operator':'Exists'},{'key':'k','operator':'Exists'}]}}",
	 "handler\n3 overhead.limits[foo]\n2 scheduling.nodeSelector\n"
	 "scheduling.tolerations.tolerations[0].key\nscheduling.tolerations.tolerations[0].operator\n"
	 "scheduling.tolerations.tolerations[0].effect\nscheduling.tolerations[2]\n"},
	{"storage.k8s.io", "CSIDriver",
	 "{'metadata':{'name':'A_'},'spec':{'volumeLifecycleModes':['x'],'tokenRequests':[{'audien"
	 "ce':'a','expirationSeconds':1},{'audience':'a'}],'fsGroupPolicy':'y'}}",
	 "spec.fsGroupPolicy\nspec.tokenRequests[0].expirationSeconds\n"
	 "spec.tokenRequests[1].audience\nspec.volumeLifecycleModes\n"},
	{"storage.k8s.io", "CSINode",
	 "{'metadata':{'name':'A_'},'spec':{'drivers':[{'name':'','nodeID':'','topologyKeys':['','"
	 "a b','a','a'],'allocatable':{'count':-1}},{'name':'a','nodeID':'y'},{'name':'a','nodeID'"
	 ":'y'}]}}",
	 "2 spec.drivers[0].name\nspec.drivers[0].nodeID\nspec.drivers[0].allocatable.count\n"
	 "5 spec.drivers[0]\nspec.drivers[2].name\n"},
	{"storage.k8s.io", "VolumeAttachment",
	 "{'metadata':{'name':'A_'},'spec':{'attacher':'','nodeName':'B_','source':{'persistentVol"
	 "umeName':'C_'}}}",
	 "spec.attacher\nspec.nodeName\n2 spec.attacher\nspec.source.persistentVolumeName\n"},
	{"storage.k8s.io", "VolumeAttachment",
	 "{'metadata':{'name':'d'},'spec':{'attacher':'a','nodeName':'n','source':{'inlineVolumeSpec':"
	 "{'capacity':{'storage':'1Gi'},'claimRef':{'name':'x'},'storageClassName':'s','volumeMode':'x'}}}}",
	 "spec.source.inlineVolumeSpec.claimRef\nspec.source.inlineVolumeSpec.capacity\n"
	 "spec.source.inlineVolumeSpec.csi\nspec.source.inlineVolumeSpec.accessModes\n"
	 "spec.source.inlineVolumeSpec\nspec.source.inlineVolumeSpec.storageClassName\n"
	 "spec.source.inlineVolumeSpec.volumeMode\n"},
	{"rbac.authorization.k8s.io", "ClusterRole",
	 "{'metadata':{'name':'a/b'},'rules':[{},{'verbs':['x'],'nonResourceURLs':['/a'],'apiGroup"
	 "s':['']}],'aggregationRule':{'clusterRoleSelectors':[{'matchLabels':{'a b':'c d'},'match"
	 "Expressions':[{'key':'x y','operator':'In'},{'key':'a','operator':'q'}]}]}}",
	 "rules[0].verbs\nrules[0].apiGroups\nrules[0].resources\nrules[1].nonResourceURLs\n"
	 "2 aggregationRule.clusterRoleSelectors[0].matchLabels\n"
	 "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values\n"
	 "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].key\n"
	 "aggregationRule.clusterRoleSelectors[0].matchExpressions[1].operator\n"
	 "aggregationRule.clusterRoleSelectors[0]\n"},
	{"rbac.authorization.k8s.io", "RoleBinding",
	 "{'metadata':{'name':'a/b'},'roleRef':{'apiGroup':'x','kind':'y','name':''},'subjects':[{"
	 "'kind':'ServiceAccount','name':'','apiGroup':'x'},{'kind':'User','name':'','apiGroup':'y"
	 "'},{'kind':'q','name':''},{'kind':'ServiceAccount','name':'A_'}]}",
	 "roleRef.apiGroup\nroleRef.kind\nroleRef.name\nsubjects[0].name\nsubjects[0].apiGroup\n"
	 "subjects[1].name\nsubjects[1].apiGroup\nsubjects[2].name\nsubjects[2].kind\n"
	 "subjects[3].name\n"},
	{"", "Service",
	 "{'metadata':{'name':'1a'},'spec':{'type':'x','sessionAffinity':'y','selector':{'a b':'c "
	 "d'},'externalIPs':['x','127.0.0.1'],'ports':[{'name':'A_','port':0,'protocol':'z','targe"
	 "tPort':'A B','appProtocol':'a b'},{'port':80,'nodePort':5},{'port':80,'nodePort':5,'name"
	 "':'b'},{'port':80,'name':'b'}],'loadBalancerSourceRanges':['x'],'externalTrafficPolicy':"
	 "'Local','healthCheckNodePort':7,'clusterIP':'x'}}",
	 "spec.ports[0].name\nspec.ports[0].port\nspec.ports[0].protocol\n2 spec.ports[0].targetPort\n"
	 "spec.ports[0].appProtocol\nspec.ports[1].name\nspec.ports[3].name\n2 spec.selector\n"
	 "spec.sessionAffinity\nspec.clusterIPs[0]\nspec.externalIPs[0]\nspec.externalIPs[1]\n"
	 "spec.type\nspec.ports[2].nodePort\nspec.ports[2]\nspec.ports[3]\n"
	 "spec.LoadBalancerSourceRanges\nspec.LoadBalancerSourceRanges[0]\n"
	 "spec.externalTrafficPolicy\nspec.healthCheckNodePort\n"},
	{"", "Service",
	 "{'metadata':{'name':'a'},'spec':{'type':'ExternalName','externalName':'A_','ports':[]}}",
	 "spec.externalName\n"},
	{"", "Service",
	 "{'metadata':{'name':'a'},'spec':{'type':'NodePort','clusterIP':'None','sessionAffinity':"
	 "'ClientIP','sessionAffinityConfig':{'clientIP':{'timeoutSeconds':0}}}}",
	 "spec.clusterIPs[0]\nspec.sessionAffinityConfig.clientIP.timeoutSeconds\n"},
	{"", "Node",
	 "{'metadata':{'name':'A_','labels':{'a b':''},'annotations':{'scheduler.alpha.kubernetes."
	 "io/preferAvoidPods':'x'}},'spec':{'podCIDRs':['x','10.0.0.0/8','y'],'podCIDR':'x','taint"
	 "s':[{'key':'a b','value':'c d','effect':''},{'key':'k','effect':'q'},{'key':'k','effect'"
	 ":'NoSchedule'},{'key':'k','effect':'NoSchedule'}]},'status':{'capacity':{'cpu':'-1','pod"
	 "s':'1500m'}}}",
	 "metadata.labels\nmetadata.annotations.AvoidPods\nmetadata.taints[0].key\n"
	 "metadata.taints[0].value\nmetadata.taints[0].effect\nmetadata.taints[1].effect\n"
	 "metadata.taints[3]\nstatus.capacity.cpu\nstatus.capacity.pods\nstatus.allocatable.cpu\n"
	 "status.allocatable.pods\nspec.podCIDRs[0]\nspec.podCIDRs[2]\n2 spec.podCIDRs\n"},
	{"", "PersistentVolume",
	 "{'metadata':{'name':'A_'},'spec':{'accessModes':['x','ReadWriteOnce'],'capacity':{'foo':"
	 "'-1'},'persistentVolumeReclaimPolicy':'y','nodeAffinity':{'required':{'nodeSelectorTerms"
	 "':[]}},'storageClassName':'B_','volumeMode':'z','hostPath':{'path':'/..','type':'q'},'nf"
	 "s':{'server':''}}}",
	 "spec.accessModes\nspec.capacity\n2 spec.capacity[foo]\nspec.persistentVolumeReclaimPolicy\n"
	 "spec.nodeAffinity.required.nodeSelectorTerms\nspec.hostPath.path\nspec.hostPath.type\n"
	 "spec.nfs\nspec.storageClassName\nspec.volumeMode\n"},
	{"", "PersistentVolume", "{'metadata':{'name':'a'},'spec':{'local':{'path':''}}}",
	 "spec.accessModes\n2 spec.capacity\nspec.local.path\nspec.nodeAffinity\n"},
	{"", "PersistentVolumeClaim",
	 "{'metadata':{'name':'A_'},'spec':{'accessModes':['x'],'selector':{'matchLabels':{'a b':'"
	 "c d'},'matchExpressions':[{'key':'x y','operator':'In'},{'key':'a','operator':'q'}]},'re"
	 "sources':{'requests':{'storage':'-1'}},'storageClassName':'B_','volumeMode':'y','dataSou"
	 "rce':{'kind':'','name':''}}}",
	 "2 spec.selector.matchLabels\nspec.selector.matchExpressions[0].values\n"
	 "spec.selector.matchExpressions[0].key\nspec.selector.matchExpressions[1].operator\n"
	 "spec.accessModes\nspec.resources[storage]\nspec.storageClassName\nspec.volumeMode\n"},
	{"", "LimitRange",
	 "{'metadata':{'name':'A_'},'spec':{'limits':[{'type':'x y'},{'type':'Pod','max':{'foo':'1"
	 "'},'min':{'cpu':'2'},'default':{'cpu':'1'},'defaultRequest':{'cpu':'1'}},{'type':'Pod'},"
	 "{'type':'Container','max':{'cpu':'1'},'min':{'cpu':'2'},'default':{'cpu':'3'},'defaultRe"
	 "quest':{'cpu':'4'},'maxLimitRequestRatio':{'cpu':'500m'}},{'type':'PersistentVolumeClaim"
	 "'}]}}",
	 "spec.limits[0].type\n2 spec.limits[1].max[foo]\nspec.limits[1].default\n"
	 "spec.limits[1].defaultRequest\nspec.limits[2].type\nspec.limits[3].min[cpu]\n"
	 "2 spec.limits[3].defaultRequest[cpu]\nspec.limits[3].default[cpu]\n"
	 "spec.limits[3].maxLimitRequestRatio[cpu]\nspec.limits[4].limits\n"},
	{"", "Secret",
	 "{'metadata':{'name':'a'},'type':'kubernetes.io/service-account-token','data':{'a b':''}}",
	 "data[a b]\nmetadata.annotations[kubernetes.io/service-account.name]\n"},
	{"", "Endpoints",
	 "{'metadata':{'name':'A_'},'subsets':[{},{'addresses':[{'ip':'x','hostname':'A_','nodeNam"
	 "e':'B_'},{'ip':'127.0.0.1','hostname':'A_'}],'notReadyAddresses':[{'ip':''}],'ports':[{'"
	 "port':0,'protocol':'q','appProtocol':'a b'},{'name':'A_','port':1}]}]}",
	 "subsets[0]\nsubsets[1].addresses[0].ip\nsubsets[1].addresses[0].hostname\n"
	 "subsets[1].addresses[0].nodeName\nsubsets[1].addresses[0].ip\n"
	 "subsets[1].addresses[1].hostname\nsubsets[1].addresses[1].ip\n"
	 "2 subsets[1].notReadyAddresses[0].ip\nsubsets[1].ports[0].name\nsubsets[1].ports[0].port\n"
	 "subsets[1].ports[0].protocol\nsubsets[1].ports[0].appProtocol\nsubsets[1].ports[1].name\n"},
	{"admissionregistration.k8s.io", "MutatingWebhookConfiguration",
	 "{'metadata':{'name':'A_'},'webhooks':[{'name':'x','clientConfig':{},'sideEffects':'z','a"
	 "dmissionReviewVersions':[],'rules':[{'operations':[],'apiGroups':[],'apiVersions':[],'re"
	 "sources':[],'scope':'q'},{'operations':['*','CREATE','x'],'apiGroups':['*','a'],'apiVers"
	 "ions':['*','v1'],'resources':['*','a','pods/*','pods/log','*/log']}],'failurePolicy':'f'"
	 ",'matchPolicy':'m','namespaceSelector':{'matchLabels':{'a b':'c d'},'matchExpressions':["
	 "{'key':'x y','operator':'In'},{'key':'a','operator':'q'}]},'objectSelector':{'matchLabel"
	 "s':{'a b':'c d'},'matchExpressions':[{'key':'x y','operator':'In'},{'key':'a','operator'"
	 ":'q'}]},'timeoutSeconds':0,'reinvocationPolicy':'r'},{'name':'a.b.c','clientConfig':{'ur"
	 "l':'http://u@x?y#z','service':{'name':'','namespace':'','port':0,'path':'a//b'}},'sideEf"
	 "fects':'None','admissionReviewVersions':['v2','v2','']},{'name':'a.b.c','clientConfig':{"
	 "'service':{'name':'','namespace':'','port':0,'path':'a//b'}},'sideEffects':'None','admis"
	 "sionReviewVersions':['v1']},{'name':'d.b.c','clientConfig':{'url':'http://u@x?y#z'},'sid"
	 "eEffects':'None','admissionReviewVersions':['v1']}]}",
	 "webhooks[0].name\nwebhooks[0].rules[0].operations\nwebhooks[0].rules[0].apiGroups\n"
	 "webhooks[0].rules[0].apiVersions\nwebhooks[0].rules[0].resources\n"
	 "webhooks[0].rules[0].scope\nwebhooks[0].rules[1].operations\n"
	 "webhooks[0].rules[1].operations[2]\nwebhooks[0].rules[1].apiGroups\n"
	 "webhooks[0].rules[1].apiVersions\nwebhooks[0].rules[1].resources[3]\n"
	 "webhooks[0].rules[1].resources\nwebhooks[0].failurePolicy\nwebhooks[0].matchPolicy\n"
	 "webhooks[0].sideEffects\nwebhooks[0].timeoutSeconds\n"
	 "2 webhooks[0].namespaceSelector.matchLabels\n"
	 "webhooks[0].namespaceSelector.matchExpressions[0].values\n"
	 "webhooks[0].namespaceSelector.matchExpressions[0].key\n"
	 "webhooks[0].namespaceSelector.matchExpressions[1].operator\n"
	 "2 webhooks[0].objectSelector.matchLabels\n"
	 "webhooks[0].objectSelector.matchExpressions[0].values\n"
	 "webhooks[0].objectSelector.matchExpressions[0].key\n"
	 "webhooks[0].objectSelector.matchExpressions[1].operator\nwebhooks[0].reinvocationPolicy\n"
	 "webhooks[0].clientConfig\nwebhooks[0].admissionReviewVersions\nwebhooks[1].clientConfig\n"
	 "webhooks[1].admissionReviewVersions[1]\nwebhooks[1].admissionReviewVersions[2]\n"
	 "webhooks[1].admissionReviewVersions\nwebhooks[2].clientConfig.service.name\n"
	 "webhooks[2].clientConfig.service.namespace\nwebhooks[2].clientConfig.service.port\n"
	 "3 webhooks[2].clientConfig.service.path\nwebhooks[2].name\n4 webhooks[3].clientConfig.url\n"},
	{"flowcontrol.apiserver.k8s.io", "FlowSchema",
	 "{'metadata':{'name':'A_'},'spec':{'matchingPrecedence':-1,'distinguisherMethod':{'type':"
	 "'x'},'priorityLevelConfiguration':{'name':''},'rules':[{},{'subjects':[{'kind':'x'},{'ki"
	 "nd':'User','serviceAccount':{},'group':{}},{'kind':'ServiceAccount','serviceAccount':{'n"
	 "ame':'','namespace':''}},{'kind':'Group','group':{'name':''},'user':{'name':'a'}}],'reso"
	 "urceRules':[{},{'verbs':['*','a'],'apiGroups':['*','a'],'resources':['*','b'],'namespace"
	 "s':['*','c']},{'verbs':['zz'],'apiGroups':['a'],'resources':['b'],'namespaces':['A_']}],"
	 "'nonResourceRules':[{},{'verbs':['*','get'],'nonResourceURLs':['*','/a']},{'verbs':['zz'"
	 "],'nonResourceURLs':['a','','/a b','/a*b']}]}]}}",
	 "spec.matchingPrecedence\nspec.distinguisherMethod.type\n"
	 "spec.priorityLevelConfiguration.name\nspec.rules[0].subjects\nspec.rules[0]\n"
	 "spec.rules[1].subjects[0].kind\nspec.rules[1].subjects[1].user\n"
	 "spec.rules[1].subjects[1].serviceAccount\nspec.rules[1].subjects[1].group\n"
	 "spec.rules[1].subjects[2].serviceAccount.name\n"
	 "spec.rules[1].subjects[2].serviceAccount.namespace\nspec.rules[1].subjects[3].group.name\n"
	 "spec.rules[1].subjects[3].user\nspec.rules[1].resourceRules[0].verbs\n"
	 "spec.rules[1].resourceRules[0].apiGroups\nspec.rules[1].resourceRules[0].resources\n"
	 "spec.rules[1].resourceRules[0].namespaces\nspec.rules[1].resourceRules[1].verbs\n"
	 "spec.rules[1].resourceRules[1].apiGroups\nspec.rules[1].resourceRules[1].resources\n"
	 "spec.rules[1].resourceRules[1].namespaces\nspec.rules[1].resourceRules[2].verbs\n"
	 "spec.rules[1].resourceRules[2].namespaces[0]\nspec.rules[1].nonResourceRules[0].verbs\n"
	 "spec.rules[1].nonResourceRules[0].nonResourceURLs\nspec.rules[1].nonResourceRules[1].verbs\n"
	 "spec.rules[1].nonResourceRules[1].nonResourceURLs\nspec.rules[1].nonResourceRules[2].verbs\n"
	 "spec.rules[1].nonResourceRules[2].nonResourceURLs[0]\n"
	 "spec.rules[1].nonResourceRules[2].nonResourceURLs[1]\n"
	 "spec.rules[1].nonResourceRules[2].nonResourceURLs[2]\n"
	 "spec.rules[1].nonResourceRules[2].nonResourceURLs[3]\n"},
	{"apiregistration.k8s.io", "APIService",
	 "{'metadata':{'name':'x'},'spec':{'group':'A_','version':'B_','groupPriorityMinimum':-1,'"
	 "versionPriority':-1,'service':{'name':'','namespace':'','port':0},'insecureSkipTLSVerify"
	 "':true,'caBundle':'eA=='}}",
	 "metadata.name\nspec.group\nspec.version\nspec.groupPriorityMinimum\nspec.versionPriority\n"
	 "spec.service.namespace\nspec.service.name\nspec.service.port\nspec.insecureSkipTLSVerify\n"},
};

static void judge(const struct kind *k, const char *text, struct field_errors *errs)
{
	const struct strategy *s = strategy_find(k);
	const struct strategy_ctx ctx = {.subresource = "", .schema = causes_schema, .kind = k};
	autojson js *o = causes_decode(k, text);

	if (s->prepare)
		s->prepare(&ctx, o, NULL);
	schema_validate(k->type, o, "", errs);
	if (s->validate)
		s->validate(&ctx, o, NULL, errs);
	schema_order_errors(k->type, errs);
}

static void write_fields(struct buf *out, const struct field_errors *errs)
{
	for (size_t i = 0, n = field_errors_kept(errs); i < n;) {
		size_t same = 1;
		while (i + same < n && !strcmp(errs->v[i].field, errs->v[i + same].field))
			same++;
		if (same > 1)
			buf_addf(out, "%zu ", same);
		buf_addf(out, "%s\n", errs->v[i].field);
		i += same;
	}
}

static void told_in_order(void **state)
{
	size_t failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct kind *k =
			schema_kind(causes_schema, rows[i].group,
				    !strcmp(rows[i].group, "autoscaling") ? "v2" : "v1", rows[i].kind);
		struct field_errors errs = {.n = 0};
		autobuf struct buf got = BUF_INIT;
		judge(k->storage_kind, JSON(rows[i].text), &errs);
		write_fields(&got, &errs);
		field_errors_release(&errs);
		if (!strcmp(buf_str(&got), rows[i].want))
			continue;
		failed++;
		fprintf(stderr, "%s %s\nwant:\n%sgot:\n%s\n", rows[i].kind, rows[i].text, rows[i].want,
			buf_str(&got));
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(told_in_order)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
