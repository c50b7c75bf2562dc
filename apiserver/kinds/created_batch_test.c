/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs, CronJobs and HorizontalPodAutoscalers, as created_test.c. Their selector is their own: what is made of a uid is job_test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/created_test.h"

static void created(void **state)
{
	static const struct created_row rows[] = {
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING
		 ",'podFailurePolicy':{'rules':[{'action':'FailJob',"
		 "'onPodConditions':[{'type':'X'},{'type':'Y','status':'False'},{'type':'Z',"
		 "'status':'Unknown'}]},{'action':'Ignore','onPodConditions':[{'type':'X',"
		 "'status':'True'}]}]}}}",
		 "spec.podFailurePolicy.rules[0].onPodConditions[0].status='True'; " CONTAINER(
			 "spec.template.spec.containers[0].")
			 SPEC_OF_ONCE(
				 "spec.template.spec.") "spec.completions=1; spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; "
							"spec.suspend=false; spec.podReplacementPolicy='Failed'; status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING
		 ",'podFailurePolicy':{'rules':[{'action':'FailJob',"
		 "'onExitCodes':{'operator':'NotIn','values':[1]}}]}}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.completions=1; spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; "
						"spec.suspend=false; spec.podReplacementPolicy='Failed'; status={}; "},
		{"batch", "Job", "{'spec':{'manualSelector':true," SELECTOR "," ENDING "}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.completions=1; spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; "
						"spec.suspend=false; spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job", "{'spec':{'manualSelector':true," SELECTOR "," ENDING ",'suspend':true}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.completions=1; spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; "
						"spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job", "{'spec':{'manualSelector':true," SELECTOR "," ENDING ",'parallelism':0}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.backoffLimit=6; spec.completionMode='NonIndexed'; spec.suspend=false; "
						"spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job", "{'spec':{'manualSelector':true," SELECTOR "," ENDING ",'parallelism':2}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.backoffLimit=6; spec.completionMode='NonIndexed'; spec.suspend=false; "
						"spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job", "{'spec':{'manualSelector':true," SELECTOR "," ENDING ",'completions':2}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; spec.suspend=false; "
						"spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job", "{'spec':{'manualSelector':true," SELECTOR "," ENDING ",'backoffLimit':5}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.completions=1; spec.parallelism=1; spec.completionMode='NonIndexed'; spec.suspend=false; "
						"spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING
		 ",'completions':8,'parallelism':9,'backoffLimit':10,"
		 "'completionMode':'NonIndexed','suspend':false,'podReplacementPolicy':'TerminatingOrFailed'}}",
		 CONTAINER("spec.template.spec.containers[0].")
			 SPEC_OF_ONCE("spec.template.spec.") "status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING
		 ",'completions':11,'parallelism':10,'backoffLimit':9,"
		 "'completionMode':'Indexed','suspend':true,'podReplacementPolicy':'Failed'}}",
		 CONTAINER("spec.template.spec.containers[0].")
			 SPEC_OF_ONCE("spec.template.spec.") "status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING ",'completions':11,'parallelism':10,"
		 "'backoffLimitPerIndex':1,'completionMode':'Indexed','suspend':true}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.backoffLimit=2147483647; spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING ",'completions':11,'parallelism':10,"
		 "'backoffLimitPerIndex':1,'backoffLimit':3,'completionMode':'Indexed'}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.suspend=false; spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING ",'managedBy':'a.b/c'}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.completions=1; spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; "
						"spec.suspend=false; spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING
		 ",'successPolicy':{'rules':[{'succeededCount':1}]},"
		 "'completionMode':'Indexed','completions':2}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.parallelism=1; spec.backoffLimit=6; spec.suspend=false; "
						"spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING
		 ",'ttlSecondsAfterFinished':0,'activeDeadlineSeconds':1}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.completions=1; spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; "
						"spec.suspend=false; spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING
		 ",'backoffLimitPerIndex':1,'maxFailedIndexes':1,"
		 "'completionMode':'Indexed','completions':2}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.parallelism=1; spec.backoffLimit=2147483647; spec.suspend=false; "
						"spec.podReplacementPolicy='TerminatingOrFailed'; status={}; "},
		{"batch", "Job",
		 "{'spec':{'manualSelector':true," SELECTOR "," ENDING "},'status':{'active':3,"
		 "'startTime':'2024-01-01T00:00:00Z'}}",
		 CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE(
			 "spec.template.spec.") "spec.completions=1; spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; "
						"spec.suspend=false; spec.podReplacementPolicy='TerminatingOrFailed'; status.active=; "
						"status.startTime=; "},
		{"batch", "CronJob",
		 "{'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" ENDING ",'parallelism':2,"
		 "'podFailurePolicy':{'rules':[{'action':'Ignore','onPodConditions':[{'type':'X'}]}]}}}},"
		 "'status':{'lastScheduleTime':'2024-01-01T00:00:00Z'}}",
		 "spec.concurrencyPolicy='Allow'; spec.suspend=false; spec.jobTemplate.metadata={}; "
		 "spec.jobTemplate.spec.podFailurePolicy.rules[0].onPodConditions[0].status='True'; " CONTAINER(
			 "spec.jobTemplate.spec.template.spec.containers[0].")
			 SPEC_OF_ONCE(
				 "spec.jobTemplate.spec.template.spec.") "spec.successfulJobsHistoryLimit=3; spec.failedJobsHistoryLimit=1; status.lastScheduleTime=; "},
		{"batch", "CronJob",
		 "{'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" ENDING ",'parallelism':2,"
		 "'podFailurePolicy':{'rules':[{'action':'Ignore','onPodConditions':[{'type':'X'}]}]}}},"
		 "'suspend':true,'concurrencyPolicy':'Replace','successfulJobsHistoryLimit':5,"
		 "'failedJobsHistoryLimit':0},'status':{'lastScheduleTime':'2024-01-01T00:00:00Z'}}",
		 "spec.jobTemplate.metadata={}; "
		 "spec.jobTemplate.spec.podFailurePolicy.rules[0].onPodConditions[0].status='True'; " CONTAINER(
			 "spec.jobTemplate.spec.template.spec.containers[0].")
			 SPEC_OF_ONCE("spec.jobTemplate.spec.template.spec.") "status.lastScheduleTime=; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleDown':{'stabilizationWindowSeconds':25,"
		 "'selectPolicy':'Max','policies':[{'type':'Pods','value':1,'periodSeconds':2},"
		 "{'type':'Percent','value':3,'periodSeconds':4}]}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleDown':{'selectPolicy':'Min','policies':[{'type':'Percent',"
		 "'value':1,'periodSeconds':2}]}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleDown':{'policies':[{'type':'Pods','value':3,"
		 "'periodSeconds':4}]}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{'selectPolicy':'Disabled','policies':[{'type':'Pods',"
		 "'value':1,'periodSeconds':2}]}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{'policies':[{'type':'Percent','value':7,"
		 "'periodSeconds':10}]}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{'stabilizationWindowSeconds':25,"
		 "'policies':[{'type':'Pods','value':4,'periodSeconds':2}]}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.selectPolicy='Max'; spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{'stabilizationWindowSeconds':100,"
		 "'tolerance':'0.5'}}}}",
		 "spec.minReplicas=1; "
		 "spec.metrics=[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "spec.behavior.scaleUp.tolerance=; spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'metrics':[{'type':'Resource','resource':{'name':'memory',"
		 "'target':{'type':'Utilization','averageUtilization':5}}}]},'status':{'desiredReplicas':4}}",
		 "spec.minReplicas=1; status.desiredReplicas=0; "},
	};

	created_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(created)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
