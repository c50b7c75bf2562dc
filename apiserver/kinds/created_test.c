/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What objects have that their clients did not say, and what they lose that was not the client's to say: a row is an object
 * as it is sent, and each difference to what would be stored. Rows after upstream's pkg/apis/GROUP/VERSION/defaults_test.go and
 * the PrepareForCreate of its strategies; each was put to a kube-apiserver v1.34. What is given once per cluster and what
 * admission adds is told elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/created_test.h"

static void created(void **state)
{
	static const struct created_row rows[] = {
		{"apps", "Deployment", "{'spec':{" SELECTOR "," TEMPLATE "}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxUnavailable='25%'; "
						"spec.strategy.rollingUpdate.maxSurge='25%'; spec.revisionHistoryLimit=10; "
						"spec.progressDeadlineSeconds=600; status={}; "},
		{"apps", "Deployment", "{'spec':{" SELECTOR "," TEMPLATE ",'replicas':0}}",
		 PODS("spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxUnavailable='25%'; "
					     "spec.strategy.rollingUpdate.maxSurge='25%'; spec.revisionHistoryLimit=10; "
					     "spec.progressDeadlineSeconds=600; status={}; "},
		{"apps", "Deployment", "{'spec':{" SELECTOR "," TEMPLATE ",'strategy':{'type':'Recreate'}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.revisionHistoryLimit=10; spec.progressDeadlineSeconds=600; status={}; "},
		{"apps", "Deployment",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'strategy':{'type':'RollingUpdate'}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.strategy.rollingUpdate.maxUnavailable='25%'; spec.strategy.rollingUpdate.maxSurge='25%'; "
						"spec.revisionHistoryLimit=10; spec.progressDeadlineSeconds=600; status={}; "},
		{"apps", "Deployment",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'strategy':{'rollingUpdate':{'maxSurge':2}}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxUnavailable='25%'; "
						"spec.revisionHistoryLimit=10; spec.progressDeadlineSeconds=600; status={}; "},
		{"apps", "Deployment",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'strategy':{'rollingUpdate':{'maxUnavailable':'10%'}}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxSurge='25%'; "
						"spec.revisionHistoryLimit=10; spec.progressDeadlineSeconds=600; status={}; "},
		{"apps", "Deployment", "{'spec':{" SELECTOR "," TEMPLATE ",'strategy':{'rollingUpdate':{}}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxUnavailable='25%'; "
						"spec.strategy.rollingUpdate.maxSurge='25%'; spec.revisionHistoryLimit=10; "
						"spec.progressDeadlineSeconds=600; status={}; "},
		{"apps", "Deployment",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'revisionHistoryLimit':0,'progressDeadlineSeconds':7}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxUnavailable='25%'; "
						"spec.strategy.rollingUpdate.maxSurge='25%'; status={}; "},
		{"apps", "Deployment", "{'spec':{" SELECTOR "," TEMPLATE ",'strategy':{}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxUnavailable='25%'; "
						"spec.strategy.rollingUpdate.maxSurge='25%'; spec.revisionHistoryLimit=10; "
						"spec.progressDeadlineSeconds=600; status={}; "},
		{"apps", "Deployment",
		 "{'spec':{" SELECTOR "," TEMPLATE
		 ",'minReadySeconds':3,'progressDeadlineSeconds':2147483647}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxUnavailable='25%'; "
						"spec.strategy.rollingUpdate.maxSurge='25%'; spec.revisionHistoryLimit=10; status={}; "},
		{"apps", "DaemonSet", "{'spec':{" SELECTOR "," TEMPLATE "}}",
		 PODS("spec.template.spec.") "spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.maxUnavailable=1; "
					     "spec.updateStrategy.rollingUpdate.maxSurge=0; spec.revisionHistoryLimit=10; "
					     "status.currentNumberScheduled=0; status.numberMisscheduled=0; status.desiredNumberScheduled=0; "
					     "status.numberReady=0; "},
		{"apps", "DaemonSet",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'updateStrategy':{'type':'OnDelete'}}}",
		 PODS("spec.template.spec.") "spec.revisionHistoryLimit=10; status.currentNumberScheduled=0; status.numberMisscheduled=0; "
					     "status.desiredNumberScheduled=0; status.numberReady=0; "},
		{"apps", "DaemonSet",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'updateStrategy':{'type':'RollingUpdate'}}}",
		 PODS("spec.template.spec.") "spec.updateStrategy.rollingUpdate.maxUnavailable=1; "
					     "spec.updateStrategy.rollingUpdate.maxSurge=0; spec.revisionHistoryLimit=10; "
					     "status.currentNumberScheduled=0; status.numberMisscheduled=0; status.desiredNumberScheduled=0; "
					     "status.numberReady=0; "},
		{"apps", "DaemonSet",
		 "{'spec':{" SELECTOR "," TEMPLATE
		 ",'updateStrategy':{'rollingUpdate':{'maxSurge':1,'maxUnavailable':0}}}}",
		 PODS("spec.template.spec.") "spec.updateStrategy.type='RollingUpdate'; spec.revisionHistoryLimit=10; "
					     "status.currentNumberScheduled=0; status.numberMisscheduled=0; status.desiredNumberScheduled=0; "
					     "status.numberReady=0; "},
		{"apps", "DaemonSet",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'updateStrategy':{'rollingUpdate':{}}}}",
		 PODS("spec.template.spec.") "spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.maxUnavailable=1; "
					     "spec.updateStrategy.rollingUpdate.maxSurge=0; spec.revisionHistoryLimit=10; "
					     "status.currentNumberScheduled=0; status.numberMisscheduled=0; status.desiredNumberScheduled=0; "
					     "status.numberReady=0; "},
		{"apps", "DaemonSet", "{'spec':{" SELECTOR "," TEMPLATE ",'revisionHistoryLimit':1}}",
		 PODS("spec.template.spec.") "spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.maxUnavailable=1; "
					     "spec.updateStrategy.rollingUpdate.maxSurge=0; status.currentNumberScheduled=0; "
					     "status.numberMisscheduled=0; status.desiredNumberScheduled=0; status.numberReady=0; "},
		{"apps", "StatefulSet", "{'spec':{" SELECTOR "," TEMPLATE "}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.serviceName=''; spec.podManagementPolicy='OrderedReady'; "
						"spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.partition=0; "
						"spec.revisionHistoryLimit=10; spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
						"status.availableReplicas=0; "},
		{"apps", "StatefulSet", "{'spec':{" SELECTOR "," TEMPLATE ",'serviceName':'s'}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.podManagementPolicy='OrderedReady'; spec.updateStrategy.type='RollingUpdate'; "
						"spec.updateStrategy.rollingUpdate.partition=0; spec.revisionHistoryLimit=10; "
						"spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
						"status.availableReplicas=0; "},
		{"apps", "StatefulSet",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'podManagementPolicy':'Parallel'}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.serviceName=''; spec.updateStrategy.type='RollingUpdate'; "
						"spec.updateStrategy.rollingUpdate.partition=0; spec.revisionHistoryLimit=10; "
						"spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
						"status.availableReplicas=0; "},
		{"apps", "StatefulSet",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'updateStrategy':{'type':'OnDelete'}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.serviceName=''; spec.podManagementPolicy='OrderedReady'; spec.revisionHistoryLimit=10; "
						"spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
						"status.availableReplicas=0; "},
		{"apps", "StatefulSet",
		 "{'spec':{" SELECTOR "," TEMPLATE
		 ",'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{}}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.serviceName=''; spec.podManagementPolicy='OrderedReady'; "
						"spec.updateStrategy.rollingUpdate.partition=0; spec.revisionHistoryLimit=10; "
						"spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
						"status.availableReplicas=0; "},
		{"apps", "StatefulSet",
		 "{'spec':{" SELECTOR "," TEMPLATE
		 ",'updateStrategy':{'rollingUpdate':{'maxUnavailable':1}}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.serviceName=''; spec.podManagementPolicy='OrderedReady'; "
						"spec.updateStrategy.rollingUpdate.partition=0; "
						"spec.updateStrategy.rollingUpdate.maxUnavailable=; spec.updateStrategy.type='RollingUpdate'; "
						"spec.revisionHistoryLimit=10; spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
						"status.availableReplicas=0; "},
		{"apps", "StatefulSet",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'persistentVolumeClaimRetentionPolicy':{}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.serviceName=''; spec.podManagementPolicy='OrderedReady'; "
						"spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.partition=0; "
						"spec.revisionHistoryLimit=10; spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
						"status.availableReplicas=0; "},
		{"apps", "StatefulSet",
		 "{'spec':{" SELECTOR "," TEMPLATE
		 ",'persistentVolumeClaimRetentionPolicy':{'whenDeleted':'Delete'}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.serviceName=''; spec.podManagementPolicy='OrderedReady'; "
						"spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.partition=0; "
						"spec.revisionHistoryLimit=10; spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; "
						"status.replicas=0; status.availableReplicas=0; "},
		{"apps", "StatefulSet", "{'spec':{" SELECTOR "," TEMPLATE ",'ordinals':{}}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.serviceName=''; spec.podManagementPolicy='OrderedReady'; "
						"spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.partition=0; "
						"spec.revisionHistoryLimit=10; spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; spec.ordinals.start=0; "
						"status.replicas=0; status.availableReplicas=0; "},
		{"apps", "StatefulSet",
		 "{'spec':{" SELECTOR "," TEMPLATE ",'volumeClaimTemplates':[{'metadata':{'name':'v'},"
		 "'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}]}}",
		 "spec.replicas=1; " PODS(
			 "spec.template.spec.") "spec.volumeClaimTemplates[0].spec.volumeMode='Filesystem'; "
						"spec.volumeClaimTemplates[0].status.phase='Pending'; "
						"spec.volumeClaimTemplates[0].kind='PersistentVolumeClaim'; "
						"spec.volumeClaimTemplates[0].apiVersion='v1'; spec.serviceName=''; "
						"spec.podManagementPolicy='OrderedReady'; spec.updateStrategy.type='RollingUpdate'; "
						"spec.updateStrategy.rollingUpdate.partition=0; spec.revisionHistoryLimit=10; "
						"spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
						"status.availableReplicas=0; "},
		{"apps", "StatefulSet", "{'spec':{" SELECTOR "," TEMPLATE ",'replicas':0}}",
		 PODS("spec.template.spec.") "spec.serviceName=''; spec.podManagementPolicy='OrderedReady'; "
					     "spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.partition=0; "
					     "spec.revisionHistoryLimit=10; spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
					     "spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
					     "status.availableReplicas=0; "},
		{"apps", "ReplicaSet", "{'spec':{" SELECTOR "," TEMPLATE "}}",
		 "spec.replicas=1; " PODS("spec.template.spec.") "status.replicas=0; "},
		{"", "ReplicationController", "{'spec':{" TEMPLATE "}}",
		 "spec.replicas=1; " PODS("spec.template.spec.") "spec.selector.a='b'; status.replicas=0; "},
		{"apps", "ReplicaSet", "{'spec':{" SELECTOR "," TEMPLATE ",'replicas':0}}",
		 PODS("spec.template.spec.") "status.replicas=0; "},
		{"", "ReplicationController", "{'spec':{" TEMPLATE ",'replicas':0}}",
		 PODS("spec.template.spec.") "spec.selector.a='b'; status.replicas=0; "},
		{"apps", "ReplicaSet", "{'spec':{" SELECTOR "," TEMPLATE ",'minReadySeconds':1}}",
		 "spec.replicas=1; " PODS("spec.template.spec.") "status.replicas=0; "},
		{"", "ReplicationController", "{'spec':{" TEMPLATE ",'minReadySeconds':1}}",
		 "spec.replicas=1; " PODS("spec.template.spec.") "spec.selector.a='b'; status.replicas=0; "},
		{"", "ReplicationController", "{'spec':{'selector':{'a':'b'}," TEMPLATE "}}",
		 "spec.replicas=1; " PODS("spec.template.spec.") "status.replicas=0; "},
		{"batch", "CronJob", "{'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" ENDING "}}}}",
		 "spec.concurrencyPolicy='Allow'; spec.suspend=false; spec.jobTemplate.metadata={}; " CONTAINER(
			 "spec.jobTemplate.spec.template.spec.containers[0].")
			 SPEC_OF_ONCE(
				 "spec.jobTemplate.spec.template.spec.") "spec.successfulJobsHistoryLimit=3; spec.failedJobsHistoryLimit=1; status={}; "},
		{"batch", "CronJob",
		 "{'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" ENDING
		 "}},'concurrencyPolicy':'Forbid'}}",
		 "spec.suspend=false; spec.jobTemplate.metadata={}; " CONTAINER(
			 "spec.jobTemplate.spec.template.spec.containers[0].")
			 SPEC_OF_ONCE(
				 "spec.jobTemplate.spec.template.spec.") "spec.successfulJobsHistoryLimit=3; spec.failedJobsHistoryLimit=1; status={}; "},
		{"batch", "CronJob",
		 "{'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" ENDING "}},'suspend':true}}",
		 "spec.concurrencyPolicy='Allow'; spec.jobTemplate.metadata={}; " CONTAINER(
			 "spec.jobTemplate.spec.template.spec.containers[0].")
			 SPEC_OF_ONCE(
				 "spec.jobTemplate.spec.template.spec.") "spec.successfulJobsHistoryLimit=3; spec.failedJobsHistoryLimit=1; status={}; "},
		{"batch", "CronJob",
		 "{'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" ENDING
		 "}},'successfulJobsHistoryLimit':0,"
		 "'failedJobsHistoryLimit':5}}",
		 "spec.concurrencyPolicy='Allow'; spec.suspend=false; spec.jobTemplate.metadata={}; " CONTAINER(
			 "spec.jobTemplate.spec.template.spec.containers[0].")
			 SPEC_OF_ONCE("spec.jobTemplate.spec.template.spec.") "status={}; "},
		{"batch", "CronJob",
		 "{'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" ENDING "}},'timeZone':'Etc/UTC',"
		 "'startingDeadlineSeconds':200}}",
		 "spec.concurrencyPolicy='Allow'; spec.suspend=false; spec.jobTemplate.metadata={}; " CONTAINER(
			 "spec.jobTemplate.spec.template.spec.containers[0].")
			 SPEC_OF_ONCE(
				 "spec.jobTemplate.spec.template.spec.") "spec.successfulJobsHistoryLimit=3; spec.failedJobsHistoryLimit=1; status={}; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{'stabilizationWindowSeconds':3}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleDown':{'policies':[{'type':'Pods','value':1,"
		 "'periodSeconds':1}]}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{},'scaleDown':{}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'minReplicas':2}}",
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "status.desiredReplicas=0; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}]}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}],'type':'LoadBalancer'}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.sessionAffinity='None'; "
		 "spec.externalTrafficPolicy='Cluster'; spec.allocateLoadBalancerNodePorts=true; "
		 "spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service",
		 "{'spec':{'ports':[{'port':1}],'type':'LoadBalancer','externalTrafficPolicy':'Local',"
		 "'healthCheckNodePort':30555}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.sessionAffinity='None'; "
		 "spec.allocateLoadBalancerNodePorts=true; spec.internalTrafficPolicy='Cluster'; "
		 "spec.ipFamilies=['IPv4']; spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}],'clusterIP':'None'}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.internalTrafficPolicy='Cluster'; spec.clusterIPs=['None']; "
		 "spec.ipFamilies=['IPv4','IPv6']; spec.ipFamilyPolicy='RequireDualStack'; "
		 "status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}],'clusterIP':'None','selector':{'a':'b'}}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.internalTrafficPolicy='Cluster'; spec.clusterIPs=['None']; "
		 "spec.ipFamilies=['IPv4']; spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}],'sessionAffinity':'ClientIP'}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinityConfig.clientIP.timeoutSeconds=10800; "
		 "spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service",
		 "{'spec':{'ports':[{'port':1}],'sessionAffinity':'ClientIP',"
		 "'sessionAffinityConfig':{'clientIP':{}}}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinityConfig.clientIP.timeoutSeconds=10800; "
		 "spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}],'sessionAffinity':'None'}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1,'targetPort':'x'}]}}",
		 "spec.ports[0].protocol='TCP'; spec.type='ClusterIP'; spec.sessionAffinity='None'; "
		 "spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1,'targetPort':0}]}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1,'protocol':'UDP'}]}}",
		 "spec.ports[0].targetPort=1; spec.type='ClusterIP'; spec.sessionAffinity='None'; "
		 "spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}],'internalTrafficPolicy':'Local'}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.ipFamilies=['IPv4']; spec.ipFamilyPolicy='SingleStack'; "
		 "status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[],'type':'ExternalName','externalName':'a.b'}}",
		 "spec.sessionAffinity='None'; spec.ports=; status.loadBalancer={}; "},
		{"", "Service",
		 "{'spec':{'ports':[{'port':1}],'type':'LoadBalancer','allocateLoadBalancerNodePorts':false}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.sessionAffinity='None'; "
		 "spec.externalTrafficPolicy='Cluster'; spec.internalTrafficPolicy='Cluster'; "
		 "spec.ipFamilies=['IPv4']; spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}],'ipFamilyPolicy':'PreferDualStack'}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "status.loadBalancer={}; "},
		{"", "Service",
		 "{'spec':{'ports':[{'port':1}],'selector':{'a':'b'},'publishNotReadyAddresses':true}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Endpoints", "{'subsets':[{'addresses':[{'ip':'1.2.3.4'}],'ports':[{'port':1}]}]}",
		 "subsets[0].ports[0].protocol='TCP'; "},
		{"", "Endpoints", "{}", ""},
		{"", "Secret", "{}", "type='Opaque'; "},
		{"", "ConfigMap", "{}", ""},
		{"", "ServiceAccount", "{}", ""},
		{"", "LimitRange", "{'spec':{'limits':[{'type':'Container','max':{'cpu':1}}]}}",
		 "spec.limits[0].max.cpu='1'; spec.limits[0].default.cpu='1'; "
		 "spec.limits[0].defaultRequest.cpu='1'; "},
		{"", "LimitRange", "{'spec':{'limits':[{'type':'Container','min':{'cpu':'100m'}}]}}",
		 "spec.limits[0].defaultRequest.cpu='100m'; "},
		{"", "LimitRange",
		 "{'spec':{'limits':[{'type':'Container','max':{'cpu':'1'},'default':{'cpu':'500m'}}]}}",
		 "spec.limits[0].defaultRequest.cpu='500m'; "},
		{"", "LimitRange", "{'spec':{'limits':[{'type':'Container','default':{'cpu':'1'}}]}}",
		 "spec.limits[0].defaultRequest.cpu='1'; "},
		{"", "LimitRange",
		 "{'spec':{'limits':[{'type':'Container','min':{'cpu':'1m'},'max':{'cpu':'5','memory':'1Gi'},"
		 "'default':{'cpu':'2'},'defaultRequest':{'memory':'1Mi'}}]}}",
		 "spec.limits[0].default.memory='1Gi'; spec.limits[0].defaultRequest.cpu='2'; "},
		{"", "ResourceQuota", "{'spec':{'hard':{'cpu':1}},'status':{'hard':{'cpu':1}}}",
		 "spec.hard.cpu='1'; status.hard=; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}},"
		 "'status':{'phase':'Bound'}}",
		 "spec.volumeMode='Filesystem'; status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'volumeMode':'Block'},'status':{'phase':'Bound'}}",
		 "status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'dataSource':{'kind':'PersistentVolumeClaim','name':'x'}},'status':{'phase':'Bound'}}",
		 "spec.volumeMode='Filesystem'; spec.dataSourceRef.kind='PersistentVolumeClaim'; "
		 "spec.dataSourceRef.name='x'; status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'dataSourceRef':{'kind':'PersistentVolumeClaim','name':'x'}},'status':{'phase':'Bound'}}",
		 "spec.volumeMode='Filesystem'; spec.dataSource.kind='PersistentVolumeClaim'; "
		 "spec.dataSource.name='x'; status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'dataSourceRef':{'kind':'X','name':'x','namespace':'other','apiGroup':'a.b'}},"
		 "'status':{'phase':'Bound'}}",
		 "spec.volumeMode='Filesystem'; spec.dataSourceRef=; status.phase='Pending'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'hostPath':{'path':'/x'}},'status':{'phase':'Bound'}}",
		 "spec.hostPath.type=''; spec.persistentVolumeReclaimPolicy='Retain'; "
		 "spec.volumeMode='Filesystem'; status.phase='Pending'; "
		 "status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'iscsi':{'targetPortal':'1.2.3.4','iqn':'iqn.2001-04.com.example:a','lun':0}},"
		 "'status':{'phase':'Bound'}}",
		 "spec.iscsi.iscsiInterface='default'; spec.persistentVolumeReclaimPolicy='Retain'; "
		 "spec.volumeMode='Filesystem'; status.phase='Pending'; "
		 "status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'rbd':{'monitors':['a'],'image':'i'}},'status':{'phase':'Bound'}}",
		 "spec.rbd.pool='rbd'; spec.rbd.user='admin'; spec.rbd.keyring='/etc/ceph/keyring'; "
		 "spec.persistentVolumeReclaimPolicy='Retain'; spec.volumeMode='Filesystem'; "
		 "status.phase='Pending'; status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'azureDisk':{'diskName':'d','diskURI':'https://x.blob.core.windows.net/a/b.vhd'}},"
		 "'status':{'phase':'Bound'}}",
		 "spec.azureDisk.cachingMode='ReadWrite'; spec.azureDisk.fsType='ext4'; "
		 "spec.azureDisk.readOnly=false; spec.azureDisk.kind='Shared'; "
		 "spec.persistentVolumeReclaimPolicy='Retain'; spec.volumeMode='Filesystem'; "
		 "status.phase='Pending'; status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'scaleIO':{'gateway':'g','system':'s','secretRef':{'name':'a'},'volumeName':'v'}},"
		 "'status':{'phase':'Bound'}}",
		 "spec.scaleIO.storageMode='ThinProvisioned'; spec.scaleIO.fsType='xfs'; "
		 "spec.persistentVolumeReclaimPolicy='Retain'; spec.volumeMode='Filesystem'; "
		 "status.phase='Pending'; status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'hostPath':{'path':'/x'},'volumeMode':'Block'},'status':{'phase':'Bound'}}",
		 "spec.hostPath.type=''; spec.persistentVolumeReclaimPolicy='Retain'; status.phase='Pending'; "
		 "status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],'csi':{'driver':'d',"
		 "'volumeHandle':'h'},'persistentVolumeReclaimPolicy':'Delete'},'status':{'phase':'Bound'}}",
		 "spec.volumeMode='Filesystem'; status.phase='Pending'; "
		 "status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],'nfs':{'server':'s',"
		 "'path':'/x'},'claimRef':{'name':'a','namespace':'b'}},'status':{'phase':'Bound'}}",
		 "spec.persistentVolumeReclaimPolicy='Retain'; spec.volumeMode='Filesystem'; "
		 "status.phase='Pending'; status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "Namespace", "{'status':{'phase':'Terminating'}}",
		 "spec.finalizers=['kubernetes']; status.phase='Active'; "},
		{"", "Namespace", "{}", "spec.finalizers=['kubernetes']; status.phase='Active'; "},
		{"", "Node", "{}",
		 "spec={}; status.daemonEndpoints.kubeletEndpoint.Port=0; status.nodeInfo.machineID=''; "
		 "status.nodeInfo.systemUUID=''; status.nodeInfo.bootID=''; status.nodeInfo.kernelVersion=''; "
		 "status.nodeInfo.osImage=''; status.nodeInfo.containerRuntimeVersion=''; "
		 "status.nodeInfo.kubeletVersion=''; status.nodeInfo.kubeProxyVersion=''; "
		 "status.nodeInfo.operatingSystem=''; status.nodeInfo.architecture=''; "},
		{"", "Node", "{'spec':{'podCIDR':'10.1.0.0/24'},'status':{'capacity':{'cpu':'2'}}}",
		 "spec.podCIDRs=['10.1.0.0/24']; status.allocatable.cpu='2'; "
		 "status.daemonEndpoints.kubeletEndpoint.Port=0; status.nodeInfo.machineID=''; "
		 "status.nodeInfo.systemUUID=''; status.nodeInfo.bootID=''; status.nodeInfo.kernelVersion=''; "
		 "status.nodeInfo.osImage=''; status.nodeInfo.containerRuntimeVersion=''; "
		 "status.nodeInfo.kubeletVersion=''; status.nodeInfo.kubeProxyVersion=''; "
		 "status.nodeInfo.operatingSystem=''; status.nodeInfo.architecture=''; "},
		{"", "Node", "{'spec':{'taints':[{'key':'a','effect':'NoExecute'}]}}",
		 "status.daemonEndpoints.kubeletEndpoint.Port=0; status.nodeInfo.machineID=''; "
		 "status.nodeInfo.systemUUID=''; status.nodeInfo.bootID=''; status.nodeInfo.kernelVersion=''; "
		 "status.nodeInfo.osImage=''; status.nodeInfo.containerRuntimeVersion=''; "
		 "status.nodeInfo.kubeletVersion=''; status.nodeInfo.kubeProxyVersion=''; "
		 "status.nodeInfo.operatingSystem=''; status.nodeInfo.architecture=''; "},
		{"", "ReplicationController",
		 "{'spec':{'selector':{'a':'b'},'template':{'metadata':{'labels':{'a':'b'}},"
		 "'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'100m'}}}]}}}}",
		 "spec.replicas=1; " MESSAGES("spec.template.spec.containers[0].")
			 SPEC("spec.template.spec.") "status.replicas=0; "},
		{"apps", "ReplicaSet",
		 "{'spec':{" SELECTOR
		 ",'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i','resources':{'limits':{'cpu':'100m'}}}]}}}}",
		 "spec.replicas=1; " MESSAGES("spec.template.spec.containers[0].")
			 SPEC("spec.template.spec.") "status.replicas=0; "},
		{"apps", "Deployment",
		 "{'spec':{" SELECTOR
		 ",'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i','resources':{'limits':{'cpu':'100m'}}}]}}}}",
		 "spec.replicas=1; " MESSAGES("spec.template.spec.containers[0].") SPEC(
			 "spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxUnavailable='25%'; "
						"spec.strategy.rollingUpdate.maxSurge='25%'; spec.revisionHistoryLimit=10; "
						"spec.progressDeadlineSeconds=600; status={}; "},
		{"apps", "DaemonSet",
		 "{'spec':{" SELECTOR
		 ",'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i','resources':{'limits':{'cpu':'100m'}}}]}}}}",
		 MESSAGES("spec.template.spec.containers[0].") SPEC(
			 "spec.template.spec.") "spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.maxUnavailable=1; "
						"spec.updateStrategy.rollingUpdate.maxSurge=0; spec.revisionHistoryLimit=10; "
						"status.currentNumberScheduled=0; status.numberMisscheduled=0; status.desiredNumberScheduled=0; "
						"status.numberReady=0; "},
		{"apps", "StatefulSet",
		 "{'spec':{" SELECTOR
		 ",'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i','resources':{'limits':{'cpu':'100m'}}}]}}}}",
		 "spec.replicas=1; " MESSAGES("spec.template.spec.containers[0].") SPEC(
			 "spec.template.spec.") "spec.serviceName=''; spec.podManagementPolicy='OrderedReady'; "
						"spec.updateStrategy.type='RollingUpdate'; spec.updateStrategy.rollingUpdate.partition=0; "
						"spec.revisionHistoryLimit=10; spec.persistentVolumeClaimRetentionPolicy.whenDeleted='Retain'; "
						"spec.persistentVolumeClaimRetentionPolicy.whenScaled='Retain'; status.replicas=0; "
						"status.availableReplicas=0; "},
		{"apps", "Deployment",
		 "{'spec':{" SELECTOR
		 ",'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i','ports':[{'containerPort':7}]}],'hostNetwork':true}}}}",
		 "spec.replicas=1; spec.template.spec.containers[0].ports[0].protocol='TCP'; " PODS(
			 "spec.template.spec.") "spec.strategy.type='RollingUpdate'; spec.strategy.rollingUpdate.maxUnavailable='25%'; "
						"spec.strategy.rollingUpdate.maxSurge='25%'; spec.revisionHistoryLimit=10; "
						"spec.progressDeadlineSeconds=600; status={}; "},
		{"", "ReplicationController",
		 "{'spec':{'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i'}],'serviceAccountName':'x','volumes':[{'name':'v'}],"
		 "'enableServiceLinks':true}}}}",
		 "spec.replicas=1; spec.template.spec.volumes[0].emptyDir={}; " PODS(
			 "spec.template.spec.") "spec.template.spec.serviceAccount='x'; spec.selector.a='b'; status.replicas=0; "},
		{"apps", "Deployment",
		 "{'spec':{" SELECTOR
		 ",'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		 "'image':'i'}],'serviceAccountName':'x','volumes':[{'name':'v'}],'enableServiceLinks':true}},"
		 "'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':0,'maxUnavailable':1}}}}",
		 "spec.replicas=1; spec.template.spec.volumes[0].emptyDir={}; " PODS(
			 "spec.template.spec.") "spec.template.spec.serviceAccount='x'; spec.revisionHistoryLimit=10; "
						"spec.progressDeadlineSeconds=600; status={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}],'externalIPs':['1.2.3.4']}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.internalTrafficPolicy='Cluster'; "
		 "spec.externalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service",
		 "{'spec':{'ports':[{'port':1}],'sessionAffinity':'ClientIP',"
		 "'sessionAffinityConfig':{'clientIP':{'timeoutSeconds':7}}}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.internalTrafficPolicy='Cluster'; spec.ipFamilies=['IPv4']; "
		 "spec.ipFamilyPolicy='SingleStack'; status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1,'targetPort':3}],'clusterIP':'None'}}",
		 "spec.ports[0].protocol='TCP'; spec.type='ClusterIP'; spec.sessionAffinity='None'; "
		 "spec.internalTrafficPolicy='Cluster'; spec.clusterIPs=['None']; "
		 "spec.ipFamilies=['IPv4','IPv6']; spec.ipFamilyPolicy='RequireDualStack'; "
		 "status.loadBalancer={}; "},
		{"", "Service",
		 "{'spec':{'ports':[{'port':1}],'clusterIP':'None','internalTrafficPolicy':'Cluster'}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.clusterIPs=['None']; spec.ipFamilies=['IPv4','IPv6']; "
		 "spec.ipFamilyPolicy='RequireDualStack'; status.loadBalancer={}; "},
		{"", "Service",
		 "{'spec':{'ports':[{'name':'a','port':1,'protocol':'SCTP','targetPort':'x'},{'name':'b',"
		 "'port':2,'targetPort':''}],'clusterIP':'None'}}",
		 "spec.ports[1].protocol='TCP'; spec.ports[1].targetPort=2; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.internalTrafficPolicy='Cluster'; spec.clusterIPs=['None']; "
		 "spec.ipFamilies=['IPv4','IPv6']; spec.ipFamilyPolicy='RequireDualStack'; "
		 "status.loadBalancer={}; "},
		{"", "Service", "{'spec':{'ports':[{'port':1}],'type':'ExternalName','externalName':'a.b'}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.sessionAffinity='None'; "
		 "status.loadBalancer={}; "},
		{"", "Service",
		 "{'spec':{'clusterIP':'None','ports':[{'port':1}]},"
		 "'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]}}}",
		 "spec.ports[0].protocol='TCP'; spec.ports[0].targetPort=1; spec.type='ClusterIP'; "
		 "spec.sessionAffinity='None'; spec.internalTrafficPolicy='Cluster'; spec.clusterIPs=['None']; "
		 "spec.ipFamilies=['IPv4','IPv6']; spec.ipFamilyPolicy='RequireDualStack'; "
		 "status.loadBalancer.ingress=; "},
		{"", "Endpoints",
		 "{'subsets':[{'addresses':[{'ip':'1.2.3.4'}],'ports':[{'name':'a','port':1,'protocol':'UDP'},"
		 "{'name':'b','port':2}]}]}",
		 "subsets[0].ports[1].protocol='TCP'; "},
		{"", "LimitRange",
		 "{'spec':{'limits':[{'type':'Container','max':{'cpu':'100m'},'min':{'memory':'100Mi'},"
		 "'default':{},'defaultRequest':{}}]}}",
		 "spec.limits[0].default.cpu='100m'; spec.limits[0].defaultRequest.cpu='100m'; "
		 "spec.limits[0].defaultRequest.memory='100Mi'; "},
		{"", "LimitRange",
		 "{'spec':{'limits':[{'type':'Pod','max':{'cpu':'1'},'min':{'cpu':'100m'}}]}}", ""},
		{"", "LimitRange",
		 "{'spec':{'limits':[{'type':'PersistentVolumeClaim','max':{'storage':'2Gi'},"
		 "'min':{'storage':'1Gi'}}]}}",
		 ""},
		{"", "LimitRange",
		 "{'spec':{'limits':[{'type':'Container','max':{'cpu':'1'},'min':{'cpu':'100m'},"
		 "'defaultRequest':{'cpu':'200m'}}]}}",
		 "spec.limits[0].default.cpu='1'; "},
		{"", "Node",
		 "{'status':{'capacity':{'cpu':'1000m','memory':'10G'},'allocatable':{'cpu':'500m',"
		 "'memory':'5G'}}}",
		 "spec={}; status.capacity.cpu='1'; status.daemonEndpoints.kubeletEndpoint.Port=0; "
		 "status.nodeInfo.machineID=''; status.nodeInfo.systemUUID=''; status.nodeInfo.bootID=''; "
		 "status.nodeInfo.kernelVersion=''; status.nodeInfo.osImage=''; "
		 "status.nodeInfo.containerRuntimeVersion=''; status.nodeInfo.kubeletVersion=''; "
		 "status.nodeInfo.kubeProxyVersion=''; status.nodeInfo.operatingSystem=''; "
		 "status.nodeInfo.architecture=''; "},
		{"", "Node", "{'status':{'allocatable':{'cpu':'500m'}}}",
		 "spec={}; status.daemonEndpoints.kubeletEndpoint.Port=0; status.nodeInfo.machineID=''; "
		 "status.nodeInfo.systemUUID=''; status.nodeInfo.bootID=''; status.nodeInfo.kernelVersion=''; "
		 "status.nodeInfo.osImage=''; status.nodeInfo.containerRuntimeVersion=''; "
		 "status.nodeInfo.kubeletVersion=''; status.nodeInfo.kubeProxyVersion=''; "
		 "status.nodeInfo.operatingSystem=''; status.nodeInfo.architecture=''; "},
		{"", "Node", "{'status':{'capacity':{'cpu':'1500u'}}}",
		 "spec={}; status.capacity.cpu='2m'; status.allocatable.cpu='2m'; "
		 "status.daemonEndpoints.kubeletEndpoint.Port=0; status.nodeInfo.machineID=''; "
		 "status.nodeInfo.systemUUID=''; status.nodeInfo.bootID=''; status.nodeInfo.kernelVersion=''; "
		 "status.nodeInfo.osImage=''; status.nodeInfo.containerRuntimeVersion=''; "
		 "status.nodeInfo.kubeletVersion=''; status.nodeInfo.kubeProxyVersion=''; "
		 "status.nodeInfo.operatingSystem=''; status.nodeInfo.architecture=''; "},
		{"", "Namespace", "{'spec':{'finalizers':['a.b/c']}}",
		 "spec.finalizers=['a.b/c','kubernetes']; status.phase='Active'; "},
		{"", "Namespace", "{'spec':{'finalizers':['kubernetes']}}", "status.phase='Active'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'volumeMode':'Filesystem'}}",
		 "status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'dataSource':{'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot','name':'x'}}}",
		 "spec.volumeMode='Filesystem'; spec.dataSourceRef.apiGroup='snapshot.storage.k8s.io'; "
		 "spec.dataSourceRef.kind='VolumeSnapshot'; spec.dataSourceRef.name='x'; status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'dataSource':{'kind':'X','name':'x','apiGroup':'a.b'}}}",
		 "spec.volumeMode='Filesystem'; spec.dataSource=; status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'dataSourceRef':{'kind':'X','name':'x','apiGroup':'a.b'}}}",
		 "spec.volumeMode='Filesystem'; spec.dataSource.apiGroup='a.b'; spec.dataSource.kind='X'; "
		 "spec.dataSource.name='x'; status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'storageClassName':''}}",
		 "spec.volumeMode='Filesystem'; status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}},"
		 "'volumeName':'v'}}",
		 "spec.volumeMode='Filesystem'; status.phase='Pending'; "},
		{"", "PersistentVolumeClaim",
		 "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1'},"
		 "'limits':{'storage':'100000000.5'}}}}",
		 "spec.resources.limits.storage='100000000500m'; spec.volumeMode='Filesystem'; "
		 "status.phase='Pending'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'volumeMode':'Filesystem','nfs':{'server':'s','path':'/p'}}}",
		 "spec.persistentVolumeReclaimPolicy='Retain'; status.phase='Pending'; "
		 "status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'hostPath':{'path':'/x','type':'File'}}}",
		 "spec.persistentVolumeReclaimPolicy='Retain'; spec.volumeMode='Filesystem'; "
		 "status.phase='Pending'; status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'persistentVolumeReclaimPolicy':'Recycle','hostPath':{'path':'/x'}}}",
		 "spec.hostPath.type=''; spec.volumeMode='Filesystem'; status.phase='Pending'; "
		 "status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],'local':{'path':'/x'},"
		 "'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'k',"
		 "'operator':'Exists'}]}]}}}}",
		 "spec.persistentVolumeReclaimPolicy='Retain'; spec.volumeMode='Filesystem'; "
		 "status.phase='Pending'; status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		 "'flexVolume':{'driver':'a/b'}}}",
		 "spec.persistentVolumeReclaimPolicy='Retain'; spec.volumeMode='Filesystem'; "
		 "status.phase='Pending'; status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "PersistentVolume",
		 "{'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],'csi':{'driver':'d',"
		 "'volumeHandle':'h','fsType':'x'},'storageClassName':'s'}}",
		 "spec.persistentVolumeReclaimPolicy='Retain'; spec.volumeMode='Filesystem'; "
		 "status.phase='Pending'; status.lastPhaseTransitionTime='1970-01-01T00:00:00Z'; "},
		{"", "Secret", "{'stringData':{'a':'b'}}", "type='Opaque'; data.a='Yg=='; stringData=; "},
		{"", "Secret", "{'type':'a/b','data':{'c':'QQ=='},'stringData':{'c':'B'}}",
		 "data.c='Qg=='; stringData=; "},
		{"", "ConfigMap", "{'data':{'a':''}}", ""},
		{"", "ServiceAccount", "{'secrets':[{'name':'a'}],'imagePullSecrets':[{'name':'b'}]}", ""},
		{"", "ResourceQuota", "{'spec':{'hard':{'pods':'2','requests.storage':'0.5'}}}",
		 "spec.hard.requests.storage='500m'; status={}; "},
		{"", "Event",
		 "{'involvedObject':{'kind':'Pod','name':'p','namespace':'default'},'reason':'r',"
		 "'type':'Normal','source':{'component':'c'},'count':1}",
		 "reportingComponent=''; reportingInstance=''; "},
		{"apps", "ControllerRevision", "{'data':{'a':null,'b':[]},'revision':0}", ""},
	};

	created_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(created)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
