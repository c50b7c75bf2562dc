/* SPDX-License-Identifier: Apache-2.0 */
/* The same as created_test.c of groups beside core, apps, batch and autoscaling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/created_test.h"

static void created(void **state)
{
	static const struct created_row rows[] = {
		{"discovery.k8s.io", "EndpointSlice",
		 "{'addressType':'IPv4','endpoints':[{'addresses':['1.2.3.4']}],'ports':[{},{'name':'a',"
		 "'port':1},{'name':'b','protocol':'UDP'}]}",
		 "endpoints[0].conditions={}; ports[0].name=''; ports[0].protocol='TCP'; "
		 "ports[1].protocol='TCP'; "},
		{"networking.k8s.io", "NetworkPolicy", "{'spec':{'podSelector':{}}}",
		 "spec.policyTypes=['Ingress']; "},
		{"networking.k8s.io", "NetworkPolicy", "{'spec':{'podSelector':{},'ingress':[{}]}}",
		 "spec.policyTypes=['Ingress']; "},
		{"networking.k8s.io", "NetworkPolicy", "{'spec':{'podSelector':{},'egress':[{}]}}",
		 "spec.policyTypes=['Ingress','Egress']; "},
		{"networking.k8s.io", "NetworkPolicy", "{'spec':{'podSelector':{},'ingress':[],'egress':[]}}",
		 "spec.policyTypes=['Ingress']; spec.ingress=; spec.egress=; "},
		{"networking.k8s.io", "NetworkPolicy", "{'spec':{'podSelector':{},'policyTypes':['Egress']}}",
		 ""},
		{"networking.k8s.io", "NetworkPolicy",
		 "{'spec':{'podSelector':{},'ingress':[{'ports':[{'port':1}]}]}}",
		 "spec.ingress[0].ports[0].protocol='TCP'; spec.policyTypes=['Ingress']; "},
		{"networking.k8s.io", "NetworkPolicy",
		 "{'spec':{'podSelector':{},'egress':[{'ports':[{'port':'a','protocol':'UDP'},{}]}]}}",
		 "spec.egress[0].ports[1].protocol='TCP'; spec.policyTypes=['Ingress','Egress']; "},
		{"networking.k8s.io", "Ingress",
		 "{'spec':{'defaultBackend':{'service':{'name':'s','port':{'number':1}}}},"
		 "'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]}}}",
		 "status.loadBalancer.ingress=; "},
		{"networking.k8s.io", "IngressClass", "{'spec':{'controller':'a.b/c'}}", ""},
		{"networking.k8s.io", "IngressClass",
		 "{'spec':{'controller':'a.b/c','parameters':{'kind':'K','name':'n'}}}",
		 "spec.parameters.scope='Cluster'; "},
		{"networking.k8s.io", "IngressClass",
		 "{'spec':{'controller':'a.b/c','parameters':{'kind':'K','name':'n','scope':'Cluster'}}}",
		 ""},
		{"networking.k8s.io", "IPAddress",
		 "{'spec':{'parentRef':{'resource':'services','name':'x','namespace':'y'}}}", ""},
		{"networking.k8s.io", "ServiceCIDR",
		 "{'spec':{'cidrs':['10.3.0.0/16']},'status':{'conditions':[{'type':'Ready','status':'True',"
		 "'lastTransitionTime':'2024-01-01T00:00:00Z','reason':'r','message':''}]}}",
		 ""},
		{"policy", "PodDisruptionBudget", "{'spec':{},'status':{'currentHealthy':5}}",
		 "status.disruptionsAllowed=0; status.currentHealthy=0; status.desiredHealthy=0; "
		 "status.expectedPods=0; "},
		{"policy", "PodDisruptionBudget", "{'spec':{'minAvailable':1,'selector':{}}}",
		 "status.disruptionsAllowed=0; status.currentHealthy=0; status.desiredHealthy=0; "
		 "status.expectedPods=0; "},
		{"storage.k8s.io", "StorageClass", "{'provisioner':'p'}",
		 "reclaimPolicy='Delete'; volumeBindingMode='Immediate'; "},
		{"storage.k8s.io", "StorageClass",
		 "{'provisioner':'p','volumeBindingMode':'WaitForFirstConsumer'}",
		 "reclaimPolicy='Delete'; "},
		{"storage.k8s.io", "StorageClass",
		 "{'provisioner':'p','reclaimPolicy':'Retain','allowVolumeExpansion':false}",
		 "volumeBindingMode='Immediate'; "},
		{"storage.k8s.io", "CSIDriver", "{'spec':{}}",
		 "spec.attachRequired=true; spec.podInfoOnMount=false; spec.volumeLifecycleModes=['Persistent']; "
		 "spec.storageCapacity=false; spec.fsGroupPolicy='ReadWriteOnceWithFSType'; "
		 "spec.requiresRepublish=false; spec.seLinuxMount=false; "},
		{"storage.k8s.io", "CSIDriver", "{'spec':{'attachRequired':false}}",
		 "spec.podInfoOnMount=false; spec.volumeLifecycleModes=['Persistent']; "
		 "spec.storageCapacity=false; spec.fsGroupPolicy='ReadWriteOnceWithFSType'; "
		 "spec.requiresRepublish=false; spec.seLinuxMount=false; "},
		{"storage.k8s.io", "CSIDriver", "{'spec':{'volumeLifecycleModes':['Ephemeral']}}",
		 "spec.attachRequired=true; spec.podInfoOnMount=false; spec.storageCapacity=false; "
		 "spec.fsGroupPolicy='ReadWriteOnceWithFSType'; spec.requiresRepublish=false; "
		 "spec.seLinuxMount=false; "},
		{"storage.k8s.io", "CSIDriver", "{'spec':{'fsGroupPolicy':'File','podInfoOnMount':true}}",
		 "spec.attachRequired=true; spec.volumeLifecycleModes=['Persistent']; "
		 "spec.storageCapacity=false; spec.requiresRepublish=false; spec.seLinuxMount=false; "},
		{"storage.k8s.io", "CSIDriver", "{'spec':{'storageCapacity':true,'requiresRepublish':true}}",
		 "spec.attachRequired=true; spec.podInfoOnMount=false; spec.volumeLifecycleModes=['Persistent']; "
		 "spec.fsGroupPolicy='ReadWriteOnceWithFSType'; spec.seLinuxMount=false; "},
		{"storage.k8s.io", "CSIDriver", "{'spec':{'seLinuxMount':true}}",
		 "spec.attachRequired=true; spec.podInfoOnMount=false; spec.volumeLifecycleModes=['Persistent']; "
		 "spec.storageCapacity=false; spec.fsGroupPolicy='ReadWriteOnceWithFSType'; "
		 "spec.requiresRepublish=false; "},
		{"storage.k8s.io", "CSIDriver", "{'spec':{'tokenRequests':[{'audience':''}]}}",
		 "spec.attachRequired=true; spec.podInfoOnMount=false; spec.volumeLifecycleModes=['Persistent']; "
		 "spec.storageCapacity=false; spec.fsGroupPolicy='ReadWriteOnceWithFSType'; "
		 "spec.requiresRepublish=false; spec.seLinuxMount=false; "},
		{"storage.k8s.io", "CSIDriver", "{'spec':{'nodeAllocatableUpdatePeriodSeconds':20}}",
		 "spec.attachRequired=true; spec.podInfoOnMount=false; spec.volumeLifecycleModes=['Persistent']; "
		 "spec.storageCapacity=false; spec.fsGroupPolicy='ReadWriteOnceWithFSType'; "
		 "spec.requiresRepublish=false; spec.seLinuxMount=false; "
		 "spec.nodeAllocatableUpdatePeriodSeconds=; "},
		{"storage.k8s.io", "CSINode",
		 "{'spec':{'drivers':[{'name':'d','nodeID':'n','topologyKeys':null}]}}", ""},
		{"storage.k8s.io", "VolumeAttachment",
		 "{'spec':{'attacher':'a','nodeName':'n','source':{'persistentVolumeName':'p'}},"
		 "'status':{'attached':true}}",
		 "status.attached=false; "},
		{"storage.k8s.io", "VolumeAttributesClass", "{'driverName':'d','parameters':{'a':'b'}}", ""},
		{"storage.k8s.io", "CSIStorageCapacity", "{'storageClassName':'s'}", ""},
		{"scheduling.k8s.io", "PriorityClass", "{'value':1}",
		 "preemptionPolicy='PreemptLowerPriority'; "},
		{"scheduling.k8s.io", "PriorityClass", "{'value':1,'preemptionPolicy':'Never'}", ""},
		{"node.k8s.io", "RuntimeClass", "{'handler':'h','scheduling':{'tolerations':[{'key':'a'}]}}",
		 ""},
		{"flowcontrol.apiserver.k8s.io", "FlowSchema",
		 "{'spec':{'priorityLevelConfiguration':{'name':'p'}}}",
		 "spec.matchingPrecedence=1000; status={}; "},
		{"flowcontrol.apiserver.k8s.io", "FlowSchema",
		 "{'spec':{'priorityLevelConfiguration':{'name':'p'},'matchingPrecedence':5}}",
		 "status={}; "},
		{"flowcontrol.apiserver.k8s.io", "FlowSchema",
		 "{'spec':{'priorityLevelConfiguration':{'name':'p'},'distinguisherMethod':{'type':'ByUser'}}}",
		 "spec.matchingPrecedence=1000; status={}; "},
		{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration",
		 "{'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Queue','queuing':{'queues':4,"
		 "'handSize':2}}}}}",
		 "spec.limited.nominalConcurrencyShares=30; "
		 "spec.limited.limitResponse.queuing.queueLengthLimit=50; spec.limited.lendablePercent=0; "
		 "status={}; "},
		{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration",
		 "{'spec':{'type':'Limited','limited':{'nominalConcurrencyShares':0,"
		 "'limitResponse':{'type':'Reject'}}}}",
		 "spec.limited.lendablePercent=0; status={}; "},
		{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration",
		 "{'spec':{'type':'Limited','limited':{'lendablePercent':5,"
		 "'limitResponse':{'type':'Reject'}}}}",
		 "spec.limited.nominalConcurrencyShares=30; status={}; "},
		{"admissionregistration.k8s.io", "MutatingWebhookConfiguration",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'url':'https://x'},'sideEffects':'None',"
		 "'admissionReviewVersions':['v1']}]}",
		 "webhooks[0].failurePolicy='Fail'; webhooks[0].matchPolicy='Equivalent'; "
		 "webhooks[0].namespaceSelector={}; webhooks[0].objectSelector={}; "
		 "webhooks[0].timeoutSeconds=10; webhooks[0].reinvocationPolicy='Never'; "},
		{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'url':'https://x'},'sideEffects':'None',"
		 "'admissionReviewVersions':['v1']}]}",
		 "webhooks[0].failurePolicy='Fail'; webhooks[0].matchPolicy='Equivalent'; "
		 "webhooks[0].namespaceSelector={}; webhooks[0].objectSelector={}; "
		 "webhooks[0].timeoutSeconds=10; "},
		{"admissionregistration.k8s.io", "MutatingWebhookConfiguration",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'url':'https://x'},'sideEffects':'None',"
		 "'admissionReviewVersions':['v1'],'rules':[{'operations':['*'],'apiGroups':['*'],"
		 "'apiVersions':['*'],'resources':['*']}]}]}",
		 "webhooks[0].rules[0].scope='*'; webhooks[0].failurePolicy='Fail'; "
		 "webhooks[0].matchPolicy='Equivalent'; webhooks[0].namespaceSelector={}; "
		 "webhooks[0].objectSelector={}; webhooks[0].timeoutSeconds=10; "
		 "webhooks[0].reinvocationPolicy='Never'; "},
		{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'url':'https://x'},'sideEffects':'None',"
		 "'admissionReviewVersions':['v1'],'rules':[{'operations':['*'],'apiGroups':['*'],"
		 "'apiVersions':['*'],'resources':['*']}]}]}",
		 "webhooks[0].rules[0].scope='*'; webhooks[0].failurePolicy='Fail'; "
		 "webhooks[0].matchPolicy='Equivalent'; webhooks[0].namespaceSelector={}; "
		 "webhooks[0].objectSelector={}; webhooks[0].timeoutSeconds=10; "},
		{"admissionregistration.k8s.io", "MutatingWebhookConfiguration",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'url':'https://x'},'sideEffects':'None',"
		 "'admissionReviewVersions':['v1'],'timeoutSeconds':3,'failurePolicy':'Ignore',"
		 "'matchPolicy':'Exact'}]}",
		 "webhooks[0].namespaceSelector={}; webhooks[0].objectSelector={}; "
		 "webhooks[0].reinvocationPolicy='Never'; "},
		{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'url':'https://x'},'sideEffects':'None',"
		 "'admissionReviewVersions':['v1'],'timeoutSeconds':3,'failurePolicy':'Ignore',"
		 "'matchPolicy':'Exact'}]}",
		 "webhooks[0].namespaceSelector={}; webhooks[0].objectSelector={}; "},
		{"admissionregistration.k8s.io", "MutatingWebhookConfiguration",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'service':{'name':'s','namespace':'n'}},"
		 "'sideEffects':'None','admissionReviewVersions':['v1']}]}",
		 "webhooks[0].clientConfig.service.port=443; webhooks[0].failurePolicy='Fail'; "
		 "webhooks[0].matchPolicy='Equivalent'; webhooks[0].namespaceSelector={}; "
		 "webhooks[0].objectSelector={}; webhooks[0].timeoutSeconds=10; "
		 "webhooks[0].reinvocationPolicy='Never'; "},
		{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
		 "{'webhooks':[{'name':'a.b.c','clientConfig':{'service':{'name':'s','namespace':'n'}},"
		 "'sideEffects':'None','admissionReviewVersions':['v1']}]}",
		 "webhooks[0].clientConfig.service.port=443; webhooks[0].failurePolicy='Fail'; "
		 "webhooks[0].matchPolicy='Equivalent'; webhooks[0].namespaceSelector={}; "
		 "webhooks[0].objectSelector={}; webhooks[0].timeoutSeconds=10; "},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding",
		 "{'spec':{'policyName':'x','validationActions':['Deny'],"
		 "'matchResources':{'resourceRules':[{'operations':['*'],'apiGroups':['*'],"
		 "'apiVersions':['*'],'resources':['*']}]}}}",
		 "spec.matchResources.namespaceSelector={}; spec.matchResources.objectSelector={}; "
		 "spec.matchResources.resourceRules[0].scope='*'; spec.matchResources.matchPolicy='Equivalent'; "},
		{"resource.k8s.io", "ResourceClaim",
		 "{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c'}}]}},"
		 "'status':{'reservedFor':[{'resource':'pods','name':'x','uid':'y'}]}}",
		 "spec.devices.requests[0].exactly.allocationMode='ExactCount'; "
		 "spec.devices.requests[0].exactly.count=1; status.reservedFor=; "},
		{"resource.k8s.io", "ResourceClaimTemplate",
		 "{'spec':{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c'}}]}}}}",
		 "spec.metadata={}; spec.spec.devices.requests[0].exactly.allocationMode='ExactCount'; "
		 "spec.spec.devices.requests[0].exactly.count=1; "},
		{"resource.k8s.io", "ResourceClaim",
		 "{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c',"
		 "'allocationMode':'All'}}]}},'status':{'reservedFor':[{'resource':'pods','name':'x',"
		 "'uid':'y'}]}}",
		 "status.reservedFor=; "},
		{"resource.k8s.io", "ResourceClaimTemplate",
		 "{'spec':{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c',"
		 "'allocationMode':'All'}}]}}}}",
		 "spec.metadata={}; "},
		{"resource.k8s.io", "ResourceClaim",
		 "{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c',"
		 "'allocationMode':'ExactCount'}}]}},'status':{'reservedFor':[{'resource':'pods','name':'x',"
		 "'uid':'y'}]}}",
		 "spec.devices.requests[0].exactly.count=1; status.reservedFor=; "},
		{"resource.k8s.io", "ResourceClaimTemplate",
		 "{'spec':{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c',"
		 "'allocationMode':'ExactCount'}}]}}}}",
		 "spec.metadata={}; spec.spec.devices.requests[0].exactly.count=1; "},
		{"resource.k8s.io", "ResourceClaim",
		 "{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c','count':3}}]}},"
		 "'status':{'reservedFor':[{'resource':'pods','name':'x','uid':'y'}]}}",
		 "spec.devices.requests[0].exactly.allocationMode='ExactCount'; status.reservedFor=; "},
		{"resource.k8s.io", "ResourceClaimTemplate",
		 "{'spec':{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c',"
		 "'count':3}}]}}}}",
		 "spec.metadata={}; spec.spec.devices.requests[0].exactly.allocationMode='ExactCount'; "},
		{"resource.k8s.io", "ResourceClaim",
		 "{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c',"
		 "'tolerations':[{'key':'a'}]}}]}},'status':{'reservedFor':[{'resource':'pods','name':'x',"
		 "'uid':'y'}]}}",
		 "spec.devices.requests[0].exactly.allocationMode='ExactCount'; "
		 "spec.devices.requests[0].exactly.count=1; "
		 "spec.devices.requests[0].exactly.tolerations[0].operator='Equal'; status.reservedFor=; "},
		{"resource.k8s.io", "ResourceClaimTemplate",
		 "{'spec':{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c',"
		 "'tolerations':[{'key':'a'}]}}]}}}}",
		 "spec.metadata={}; spec.spec.devices.requests[0].exactly.allocationMode='ExactCount'; "
		 "spec.spec.devices.requests[0].exactly.count=1; "
		 "spec.spec.devices.requests[0].exactly.tolerations[0].operator='Equal'; "},
		{"resource.k8s.io", "ResourceClaim",
		 "{'spec':{'devices':{'requests':[{'name':'r','firstAvailable':[{'name':'s',"
		 "'deviceClassName':'c'},{'name':'t','deviceClassName':'c','allocationMode':'All'}]}]}}}",
		 "spec.devices.requests[0].firstAvailable[0].allocationMode='ExactCount'; "
		 "spec.devices.requests[0].firstAvailable[0].count=1; status={}; "},
		{"resource.k8s.io", "DeviceClass", "{'spec':{}}", ""},
		{"resource.k8s.io", "ResourceSlice",
		 "{'spec':{'driver':'d.e','nodeName':'n','pool':{'name':'p','resourceSliceCount':1},"
		 "'devices':[{'name':'x','taints':[{'key':'a','effect':'NoSchedule'}]}]}}",
		 "spec.pool.generation=0; spec.devices[0].taints=; "},
		{"coordination.k8s.io", "Lease", "{'spec':{'holderIdentity':'x'}}", ""},
		{"rbac.authorization.k8s.io", "ClusterRoleBinding",
		 "{'roleRef':{'kind':'ClusterRole','name':'x'},'subjects':[{'kind':'User','name':'u'},"
		 "{'kind':'ServiceAccount','name':'s','namespace':'n'},{'kind':'Group','name':'g'}]}",
		 "subjects[0].apiGroup='rbac.authorization.k8s.io'; "
		 "subjects[2].apiGroup='rbac.authorization.k8s.io'; "
		 "roleRef.apiGroup='rbac.authorization.k8s.io'; "},
		{"rbac.authorization.k8s.io", "RoleBinding", "{'roleRef':{'kind':'Role','name':'x'}}",
		 "roleRef.apiGroup='rbac.authorization.k8s.io'; "},
		{"rbac.authorization.k8s.io", "ClusterRole", "{}", ""},
		{"rbac.authorization.k8s.io", "Role", "{'rules':[]}", "rules=; "},
		{"apiregistration.k8s.io", "APIService",
		 "{'spec':{'group':'g.h','version':'v1','groupPriorityMinimum':1,'versionPriority':1,"
		 "'service':{'name':'s','namespace':'n'}},'status':{'conditions':[{'type':'Available',"
		 "'status':'True'}]}}",
		 "spec.service.port=443; status.conditions=; "},
		{"events.k8s.io", "Event",
		 "{'regarding':{'kind':'Pod','name':'p','namespace':'default'},'reason':'r','note':'n',"
		 "'action':'a','type':'Normal','reportingController':'a.b/c','reportingInstance':'i',"
		 "'eventTime':'2024-01-01T00:00:00.000000Z'}",
		 "involvedObject={}; source={}; reportingComponent=''; regarding=; note=; reportingController=; "},
		{"discovery.k8s.io", "EndpointSlice", "{'addressType':'IPv4','endpoints':[]}",
		 "endpoints=; "},
		{"discovery.k8s.io", "EndpointSlice",
		 "{'addressType':'IPv4','endpoints':[],'ports':[{'name':'a','port':1}]}",
		 "ports[0].protocol='TCP'; endpoints=; "},
		{"discovery.k8s.io", "EndpointSlice",
		 "{'addressType':'IPv4','endpoints':[],'ports':[{'name':'a','protocol':'SCTP',"
		 "'appProtocol':'x'}]}",
		 "endpoints=; "},
		{"discovery.k8s.io", "EndpointSlice",
		 "{'addressType':'IPv4','endpoints':[{'addresses':['1.2.3.4'],'conditions':{'ready':true}}]}",
		 ""},
		{"networking.k8s.io", "NetworkPolicy",
		 "{'spec':{'podSelector':{},'policyTypes':['Ingress','Egress'],'egress':[{}]}}", ""},
		{"networking.k8s.io", "NetworkPolicy",
		 "{'spec':{'podSelector':{},'ingress':[{'ports':[{'protocol':'SCTP','port':1}],"
		 "'from':[{'podSelector':{}}]}]}}",
		 "spec.policyTypes=['Ingress']; "},
		{"networking.k8s.io", "NetworkPolicy", "{'spec':{'podSelector':{},'policyTypes':[]}}",
		 "spec.policyTypes=['Ingress']; "},
		{"networking.k8s.io", "IngressClass",
		 "{'spec':{'controller':'a.b/c','parameters':{'kind':'K','name':'n','scope':'Namespace',"
		 "'namespace':'x'}}}",
		 ""},
		{"networking.k8s.io", "Ingress",
		 "{'spec':{'rules':[{'http':{'paths':[{'path':'/','pathType':'Prefix',"
		 "'backend':{'service':{'name':'s','port':{'name':'p'}}}}]}}]}}",
		 "status.loadBalancer={}; "},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy",
		 "{'spec':{'matchConstraints':{'resourceRules':[{'operations':['*'],'apiGroups':['*'],"
		 "'apiVersions':['*'],'resources':['*']}]},'validations':[{'expression':'true'}]}}",
		 "spec.matchConstraints.namespaceSelector={}; spec.matchConstraints.objectSelector={}; "
		 "spec.matchConstraints.resourceRules[0].scope='*'; "
		 "spec.matchConstraints.matchPolicy='Equivalent'; spec.failurePolicy='Fail'; status={}; "},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy",
		 "{'spec':{'matchConstraints':{'resourceRules':[{'operations':['*'],'apiGroups':['*'],"
		 "'apiVersions':['*'],'resources':['*'],'scope':'Namespaced'}],'matchPolicy':'Exact',"
		 "'namespaceSelector':{'matchLabels':{'a':'b'}}},'validations':[{'expression':'true'}]}}",
		 "spec.matchConstraints.objectSelector={}; spec.failurePolicy='Fail'; status={}; "},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy",
		 "{'spec':{'matchConstraints':{'resourceRules':[{'operations':['*'],'apiGroups':['*'],"
		 "'apiVersions':['*'],'resources':['*']}],'excludeResourceRules':[{'operations':['*'],"
		 "'apiGroups':['*'],'apiVersions':['*'],'resources':['pods']}]},"
		 "'validations':[{'expression':'true'}]}}",
		 "spec.matchConstraints.namespaceSelector={}; spec.matchConstraints.objectSelector={}; "
		 "spec.matchConstraints.resourceRules[0].scope='*'; "
		 "spec.matchConstraints.excludeResourceRules[0].scope='*'; "
		 "spec.matchConstraints.matchPolicy='Equivalent'; spec.failurePolicy='Fail'; status={}; "},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy",
		 "{'spec':{'failurePolicy':'Ignore','paramKind':{'apiVersion':'v1','kind':'ConfigMap'},"
		 "'matchConstraints':{'resourceRules':[{'operations':['*'],'apiGroups':['*'],"
		 "'apiVersions':['*'],'resources':['*']}]},'validations':[{'expression':'true'}]},"
		 "'status':{'observedGeneration':4}}",
		 "spec.matchConstraints.namespaceSelector={}; spec.matchConstraints.objectSelector={}; "
		 "spec.matchConstraints.resourceRules[0].scope='*'; "
		 "spec.matchConstraints.matchPolicy='Equivalent'; status.observedGeneration=; "},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding",
		 "{'spec':{'policyName':'x','validationActions':['Deny']}}", ""},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding",
		 "{'spec':{'policyName':'x','validationActions':['Deny'],"
		 "'matchResources':{'resourceRules':[]}}}",
		 "spec.matchResources.namespaceSelector={}; spec.matchResources.objectSelector={}; "
		 "spec.matchResources.matchPolicy='Equivalent'; spec.matchResources.resourceRules=; "},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding",
		 "{'spec':{'policyName':'x','validationActions':['Warn'],'paramRef':{'name':'p',"
		 "'parameterNotFoundAction':'Deny'}}}",
		 ""},
		{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration",
		 "{'spec':{'type':'Limited','limited':{'nominalConcurrencyShares':5,"
		 "'limitResponse':{'type':'Reject'}}}}",
		 "spec.limited.lendablePercent=0; status={}; "},
		{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration",
		 "{'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Queue','queuing':{}}}}}",
		 "spec.limited.nominalConcurrencyShares=30; spec.limited.limitResponse.queuing.queues=64; "
		 "spec.limited.limitResponse.queuing.handSize=8; "
		 "spec.limited.limitResponse.queuing.queueLengthLimit=50; spec.limited.lendablePercent=0; "
		 "status={}; "},
		{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration",
		 "{'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Queue','queuing':{'queues':8,"
		 "'handSize':4,'queueLengthLimit':5}},'borrowingLimitPercent':0}}}",
		 "spec.limited.nominalConcurrencyShares=30; spec.limited.lendablePercent=0; status={}; "},
		{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration",
		 "{'spec':{'type':'Exempt','exempt':{}}}",
		 "spec.exempt.nominalConcurrencyShares=0; spec.exempt.lendablePercent=0; status={}; "},
		{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "{'spec':{'type':'Exempt'}}",
		 "status={}; "},
		{"resource.k8s.io", "ResourceClaim",
		 "{'spec':{'devices':{'requests':[{'name':'r','firstAvailable':[{'name':'s',"
		 "'deviceClassName':'c','tolerations':[{'key':'k','operator':'Exists'},{'key':'a'}],"
		 "'count':2},{'name':'t','deviceClassName':'c','allocationMode':'ExactCount'}]}]}}}",
		 "spec.devices.requests[0].firstAvailable[0].allocationMode='ExactCount'; "
		 "spec.devices.requests[0].firstAvailable[0].tolerations[1].operator='Equal'; "
		 "spec.devices.requests[0].firstAvailable[1].count=1; status={}; "},
		{"resource.k8s.io", "ResourceSlice",
		 "{'spec':{'driver':'d.e','allNodes':true,'pool':{'name':'p','generation':2,"
		 "'resourceSliceCount':1},'devices':[{'name':'x','attributes':{'a':{'int':1},"
		 "'b':{'string':'s'}},'capacity':{'c':{'value':'1500u'}}}]}}",
		 ""},
		{"resource.k8s.io", "DeviceClass",
		 "{'spec':{'selectors':[{'cel':{'expression':'true'}}],'config':[{'opaque':{'driver':'d.e',"
		 "'parameters':{'a':1}}}]}}",
		 ""},
		{"storage.k8s.io", "CSIDriver",
		 "{'spec':{'attachRequired':false,'podInfoOnMount':true,'volumeLifecycleModes':['Ephemeral',"
		 "'Persistent'],'storageCapacity':true,'fsGroupPolicy':'None','requiresRepublish':true,"
		 "'seLinuxMount':true}}",
		 ""},
		{"storage.k8s.io", "StorageClass",
		 "{'provisioner':'p','reclaimPolicy':'Retain','volumeBindingMode':'WaitForFirstConsumer',"
		 "'allowVolumeExpansion':true,'mountOptions':[],'parameters':{}}",
		 "mountOptions=; parameters=; "},
		{"storage.k8s.io", "VolumeAttachment",
		 "{'spec':{'attacher':'a','nodeName':'n',"
		 "'source':{'inlineVolumeSpec':{'accessModes':['ReadWriteOnce'],"
		 "'iscsi':{'targetPortal':'1.2.3.4','iqn':'iqn.2001-04.com.example:a','lun':0}}}}}",
		 "spec.source.inlineVolumeSpec.iscsi.iscsiInterface='default'; status.attached=false; "},
		{"storage.k8s.io", "CSIStorageCapacity",
		 "{'storageClassName':'s','capacity':'1500u','nodeTopology':{}}", ""},
		{"scheduling.k8s.io", "PriorityClass", "{'value':5,'globalDefault':false,'description':''}",
		 "preemptionPolicy='PreemptLowerPriority'; globalDefault=; description=; "},
		{"node.k8s.io", "RuntimeClass",
		 "{'handler':'h','overhead':{'podFixed':{'cpu':'1500u','memory':'0.5'}}}",
		 "overhead.podFixed.memory='500m'; "},
		{"policy", "PodDisruptionBudget",
		 "{'spec':{'maxUnavailable':'10%','selector':{'matchLabels':{}},"
		 "'unhealthyPodEvictionPolicy':'AlwaysAllow'}}",
		 "spec.selector.matchLabels=; status.disruptionsAllowed=0; status.currentHealthy=0; "
		 "status.desiredHealthy=0; status.expectedPods=0; "},
		{"coordination.k8s.io", "Lease",
		 "{'spec':{'leaseTransitions':0,'strategy':'OldestEmulationVersion','preferredHolder':'x'}}",
		 "spec.strategy=; spec.preferredHolder=; "},
		{"rbac.authorization.k8s.io", "RoleBinding",
		 "{'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'ClusterRole','name':'x'},"
		 "'subjects':[{'kind':'ServiceAccount','name':'s'},{'kind':'User','name':'u',"
		 "'apiGroup':'rbac.authorization.k8s.io'}]}",
		 ""},
		{"rbac.authorization.k8s.io", "ClusterRole",
		 "{'rules':[{'verbs':['get'],'nonResourceURLs':['/x']}],"
		 "'aggregationRule':{'clusterRoleSelectors':[{'matchLabels':{'a':'b'}}]}}",
		 ""},
		{"apiextensions.k8s.io", "CustomResourceDefinition",
		 "{'spec':{'group':'g.h','scope':'Namespaced','names':{'plural':'foos','kind':'Foo'},"
		 "'versions':[{'name':'v1','served':true,'storage':true,"
		 "'schema':{'openAPIV3Schema':{'type':'object'}}}]}}",
		 "spec.names.singular='foo'; spec.names.listKind='FooList'; spec.conversion.strategy='None'; "
		 "status.acceptedNames.plural=''; status.acceptedNames.kind=''; status.storedVersions=['v1']; "},
		{"apiextensions.k8s.io", "CustomResourceDefinition",
		 "{'spec':{'group':'g.h','scope':'Namespaced','names':{'plural':'foos','kind':'Foo',"
		 "'singular':'x','listKind':'Y'},'versions':[{'name':'v1','served':true,'storage':true,"
		 "'schema':{'openAPIV3Schema':{'type':'object'}}}]}}",
		 "spec.conversion.strategy='None'; status.acceptedNames.plural=''; status.acceptedNames.kind=''; "
		 "status.storedVersions=['v1']; "},
		{"apiextensions.k8s.io", "CustomResourceDefinition",
		 "{'spec':{'group':'g.h','scope':'Namespaced','names':{'plural':'foos','kind':'Foo'},"
		 "'versions':[{'name':'v1','served':true,'storage':true,"
		 "'schema':{'openAPIV3Schema':{'type':'object'}}}],'conversion':{'strategy':'None'}}}",
		 "spec.names.singular='foo'; spec.names.listKind='FooList'; status.acceptedNames.plural=''; "
		 "status.acceptedNames.kind=''; status.storedVersions=['v1']; "},
		{"apiextensions.k8s.io", "CustomResourceDefinition",
		 "{'spec':{'group':'g.h','scope':'Namespaced','names':{'plural':'foos','kind':'Foo'},"
		 "'versions':[{'name':'v1','served':true,'storage':true,"
		 "'schema':{'openAPIV3Schema':{'type':'object'}}}],'conversion':{'strategy':'Webhook',"
		 "'webhook':{'conversionReviewVersions':['v1'],'clientConfig':{'service':{'name':'s',"
		 "'namespace':'n'}}}}}}",
		 "spec.names.singular='foo'; spec.names.listKind='FooList'; "
		 "spec.conversion.webhook.clientConfig.service.port=443; status.acceptedNames.plural=''; "
		 "status.acceptedNames.kind=''; status.storedVersions=['v1']; "},
		{"apiextensions.k8s.io", "CustomResourceDefinition",
		 "{'spec':{'group':'g.h','scope':'Namespaced','names':{'plural':'foos','kind':'Foo'},"
		 "'versions':[{'name':'v1','served':true,'storage':true,"
		 "'schema':{'openAPIV3Schema':{'type':'object'}}}],'conversion':{'strategy':'Webhook',"
		 "'webhook':{'conversionReviewVersions':['v1'],'clientConfig':{'service':{'name':'s',"
		 "'namespace':'n','port':8,'path':'/x'}}}}}}",
		 "spec.names.singular='foo'; spec.names.listKind='FooList'; status.acceptedNames.plural=''; "
		 "status.acceptedNames.kind=''; status.storedVersions=['v1']; "},
		{"apiextensions.k8s.io", "CustomResourceDefinition",
		 "{'spec':{'group':'g.h','scope':'Namespaced','names':{'plural':'foos','kind':'Foo'},"
		 "'versions':[{'name':'v1','served':true,'storage':true,"
		 "'schema':{'openAPIV3Schema':{'type':'object'}}}],'preserveUnknownFields':false}}",
		 "spec.names.singular='foo'; spec.names.listKind='FooList'; spec.conversion.strategy='None'; "
		 "spec.preserveUnknownFields=; status.acceptedNames.plural=''; status.acceptedNames.kind=''; "
		 "status.storedVersions=['v1']; "},
		{"apiextensions.k8s.io", "CustomResourceDefinition",
		 "{'spec':{'group':'g.h','scope':'Namespaced','names':{'plural':'foos','kind':'Foo'},"
		 "'versions':[{'name':'v1','served':true,'storage':true,"
		 "'additionalPrinterColumns':[{'name':'A','type':'string','jsonPath':'.a'}],"
		 "'subresources':{'status':{}},'schema':{'openAPIV3Schema':{'type':'object'}}}]}}",
		 "spec.names.singular='foo'; spec.names.listKind='FooList'; spec.conversion.strategy='None'; "
		 "status.acceptedNames.plural=''; status.acceptedNames.kind=''; status.storedVersions=['v1']; "},
	};

	created_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(created)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
